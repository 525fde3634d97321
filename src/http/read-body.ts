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
  const text = (await readSmallBody(context, maxBytes)).toString('utf8');
  const parsed = shape.safeParse(parseJson(text));
  context.state[STATE] = parsed.data;
  if (parsed.success) {
    if (SUSPICIOUS.test(text)) assertKeepable(parsed.data);
    return parsed.data;
  }
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(400, 'the body is not JSON');
  }
}

/** What no database keeps: NUL, and half of a surrogate pair. */
const UNKEEPABLE = /\0|\p{Surrogate}/u;
/** It can only come escaped; few bodies have such escapes at all. */
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i;

/** Of what is read; what is passed over may hold anything. @throws RegistryError 400 */
function assertKeepable(value: unknown, path: readonly string[] = []): void {
  if (typeof value === 'string' && UNKEEPABLE.test(value)) {
    const where = path.length > 0 ? `${path.join('.')}: ` : '';
    throw refusal(400, `${where}this has a NUL, or half of a surrogate pair`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    assertKeepable(key, path);
    assertKeepable(member, [...path, key]);
  }
}

function tooLarge(maxBytes: number): RegistryError {
  return refusal(413, `the body has at most ${maxBytes} bytes`);
}

function refusal(status: number, message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status, message });
}
