/**
 * A look at JSON text before it is parsed: `JSON.parse` keeps the last of two equal keys and
 * recurses without a bound, and either would let two readers of one manifest see two things (A2,
 * A5).
 */

const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const OBJECT = 0x7b;
const COLON = 0x3a;

/**
 * @returns one sentence on what is wrong: not UTF-8, not JSON, nested too deep, or a key twice in
 * one object; `undefined` where all is well.
 */
export function checkJson(content: Uint8Array): string | undefined {
  const text = decodeUtf8(content);
  if (text === undefined) return 'the manifest is not UTF-8';
  return findStructureProblem(Buffer.from(content)) ?? findSyntaxProblem(text);
}

function decodeUtf8(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

function findSyntaxProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return 'the manifest is not JSON';
  }
}

/** One pass over the bytes: the depth, and the keys of each open object. */
function findStructureProblem(bytes: Buffer): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (OPEN.has(byte)) {
      if (open.length === MAX_DEPTH)
        return `the manifest is nested deeper than ${MAX_DEPTH} levels`;
      open.push(byte === OBJECT ? new Set() : undefined);
    } else if (CLOSE.has(byte)) {
      open.pop();
    } else if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      const keys = open.at(-1);
      if (keys && isFollowedByColon(bytes, end)) {
        const key = readKey(bytes.toString('utf8', at, end));
        if (keys.has(key)) return `the manifest has the key ${JSON.stringify(key)} twice`;
        keys.add(key);
      }
      at = end;
      continue;
    }
    at += 1;
  }
  return undefined;
}

/** Position behind the closing quote of the string that opens at `start`. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, bytes.length);
}

function isFollowedByColon(bytes: Buffer, from: number): boolean {
  let at = from;
  while (at < bytes.length && bytes[at]! <= 0x20) at += 1;
  return bytes[at] === COLON;
}

/** Escapes are resolved, so that `"a"` and `"\u0061"` are seen as the same key. */
function readKey(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
