/** Small bodies of requests: forms and JSON, read whole and checked. */
import type { Context } from 'koa';
import type { ZodType } from 'zod';
import { RegistryError } from '../oci/error.ts';

const MAX_BYTES = 64 * 1024;

/** Where a request's state has its JSON body. */
const STATE = 'jsonBody';

/**
 * The fields of a form.
 * @throws RegistryError UNSUPPORTED: 415 for another type, 413 for more than 64 KiB.
 */
export async function readForm(context: Context): Promise<URLSearchParams> {
  assertType(context, 'application/x-www-form-urlencoded');
  return new URLSearchParams((await readSmallBody(context)).toString('utf8'));
}

/**
 * A JSON body of that shape.
 * @throws RegistryError UNSUPPORTED: 415 for another type, 413 for more than 64 KiB, 400 with each
 * mistake for another shape.
 */
export async function readJson<Value>(context: Context, shape: ZodType<Value>): Promise<Value> {
  assertType(context, 'application/json');
  const parsed = shape.safeParse(parseJson(await readSmallBody(context)));
  context.state[STATE] = parsed.data;
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message }) => {
    return path.length > 0 ? `${path.join('.')}: ${message}` : message;
  });
  throw refusal(400, mistakes.join('; '));
}

/** The JSON body of a request that was read by now, where it was right. */
export function bodyOf({ state }: Context): unknown {
  return state[STATE];
}

function assertType(context: Context, type: string): void {
  if (!context.request.is(type)) throw refusal(415, `the Content-Type must be ${type}`);
}

async function readSmallBody({ req }: Context): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > MAX_BYTES) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, length);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw refusal(400, 'the body is not JSON');
  }
}

function tooLarge(): RegistryError {
  return refusal(413, `the body has at most ${MAX_BYTES} bytes`);
}

function refusal(status: number, message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status, message });
}
