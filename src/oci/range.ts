/**
 * Byte ranges: what a client wants of a blob (`Range`), what it sends (`Content-Range`), and what
 * an upload holds (`Range` of the answer, without a unit).
 */

/** Both ends inclusive, as in HTTP. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Over this many ranges the whole blob is the cheaper answer (A47). */
const MAX_RANGES = 16;

const DIGITS = /^[0-9]{1,15}$/;
const CONTENT_RANGE = /^(?:bytes )?([0-9]{1,15})-([0-9]{1,15})(?:\/(?:\*|[0-9]{1,15}))?$/;

export const lengthOf = (range: ByteRange): number => range.end - range.start + 1;

/**
 * Reads a `Range` header against content of `sizeBytes` (RFC 9110, 14.2).
 *
 * @returns the satisfiable ranges, cut to the content; an empty list where none is (416); and
 * `undefined` where the header is absent, has another unit, is no range at all, or is not worth it:
 * then the whole content is the answer.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange[] | undefined {
  if (!header?.startsWith('bytes=')) return undefined;
  const specs = header.slice('bytes='.length).split(',');
  if (specs.length > MAX_RANGES) return undefined;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = parseSpec(spec.trim(), sizeBytes);
    if (range === 'malformed') return undefined;
    if (range) ranges.push(range);
  }
  const wanted = ranges.reduce((sum, range) => sum + lengthOf(range), 0);
  return wanted > sizeBytes ? undefined : ranges;
}

function parseSpec(spec: string, sizeBytes: number): ByteRange | undefined | 'malformed' {
  const dash = spec.indexOf('-');
  const [first, last] = [spec.slice(0, dash), spec.slice(dash + 1)];
  if (dash === -1 || (first === '' && last === '')) return 'malformed';
  if ((first && !DIGITS.test(first)) || (last && !DIGITS.test(last))) return 'malformed';
  if (first === '') {
    const start = Math.max(0, sizeBytes - Number(last));
    return start < sizeBytes ? { start, end: sizeBytes - 1 } : undefined;
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  return start <= end ? { start, end } : undefined;
}

/** `Content-Range` of a 206 answer. */
export function printContentRange(range: ByteRange, sizeBytes: number): string {
  return `bytes ${range.start}-${range.end}/${sizeBytes}`;
}

/**
 * Reads the `Content-Range` of a chunk.
 *
 * > It MUST match the following regular expression: `^[0-9]+-[0-9]+$`
 *
 * The form of HTTP itself, `bytes a-b/*`, is taken as well. `undefined` where it is neither, or
 * its end lies before its start (A17).
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const match = CONTENT_RANGE.exec(header);
  if (!match) return undefined;
  const range = { start: Number(match[1]), end: Number(match[2]) };
  return range.end >= range.start ? range : undefined;
}

/** What an upload holds, as docker parses it: no unit, and `0-0` also for nothing at all. */
export function printUploadRange(offset: number): string {
  return `0-${Math.max(0, offset - 1)}`;
}
