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
  assertType(context, ['application/x-www-form-urlencoded']);
  return new URLSearchParams((await readSmallBody(context)).toString('utf8'));
}

export interface BodyLimits {
  /** Of which its Content-Type is one. */
  readonly types: readonly string[];
  readonly maxBytes: number;
  /** So many mistakes are named, the first ones. */
  readonly maxMistakes: number;
}

const JSON_LIMITS: BodyLimits = {
  types: ['application/json'],
  maxBytes: MAX_BYTES,
  maxMistakes: 100,
};

/**
 * A JSON body of that shape.
 * @throws RegistryError UNSUPPORTED: 415 for another type, 413 for more than 64 KiB, 400 with each
 * mistake for another shape.
 */
export async function readJson<Value>(
  context: Context,
  shape: ZodType<Value>,
  { types, maxBytes, maxMistakes }: BodyLimits = JSON_LIMITS,
): Promise<Value> {
  assertType(context, types);
  const parsed = shape.safeParse(parseJson(await readSmallBody(context, maxBytes)));
  context.state[STATE] = parsed.data;
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.slice(0, maxMistakes).map(({ path, message }) => {
    return path.length > 0 ? `${path.join('.')}: ${message}` : message;
  });
  throw refusal(400, mistakes.join('; '));
}

/** The JSON body of a request that was read by now, where it was right. */
export function bodyOf({ state }: Context): unknown {
  return state[STATE];
}

function assertType(context: Context, types: readonly string[]): void {
  if (context.request.is([...types])) return;
  throw refusal(415, `the Content-Type must be ${types.join(' or ')}`);
}

async function readSmallBody({ req }: Context, maxBytes = MAX_BYTES): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, length);
}

function parseJson(body: Buffer): unknown {
  const text = body.toString('utf8');
  // What no database keeps can only come escaped; few bodies have such escapes at all.
  const check = /\\u(?:0000|d[89a-f])/i.test(text) ? refuseUnkeepable : undefined;
  try {
    return JSON.parse(text, check);
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw refusal(400, 'the body is not JSON');
  }
}

/** A reviver. @throws RegistryError 400 for NUL, and for half of a surrogate pair */
function refuseUnkeepable(key: string, value: unknown): unknown {
  for (const text of [key, value]) {
    if (typeof text === 'string' && /\0|\p{Surrogate}/u.test(text)) {
      throw refusal(400, 'a text in the body has a NUL, or half of a surrogate pair');
    }
  }
  return value;
}

function tooLarge(maxBytes: number): RegistryError {
  return refusal(413, `the body has at most ${maxBytes} bytes`);
}

function refusal(status: number, message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status, message });
}
