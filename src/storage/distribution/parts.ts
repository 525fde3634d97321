/** Parts of a blob: how one is asked for, and what an answer holds of it (RFC 9110, 14). */
import { Readable } from 'node:stream';
import type { UpstreamBlob } from '../upstream.ts';
import type { LineAnswer } from './line.ts';

const TOTAL = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/;

/** A part of a blob; where the registry knows no ranges, all behind its start. */
export interface UpstreamPart extends UpstreamBlob {
  /** Position of the first byte that `content` does not hold. */
  readonly end: number;
}

export interface WantedPart {
  readonly start: number;
  /** Position behind the last byte; the end of the blob where absent. */
  readonly end?: number;
}

/** The headers that ask for it. */
export function printRange({ start, end }: WantedPart): Record<string, string> {
  if (end !== undefined) return { range: `bytes=${start}-${end - 1}` };
  return start === 0 ? {} : { range: `bytes=${start}-` };
}

/** The part that begins at that position; `undefined` where the answer holds none such. */
export function readPart(
  answer: Pick<LineAnswer, 'statusCode' | 'headers' | 'body'>,
  start: number,
): UpstreamPart | undefined {
  const found = findPart(answer, start);
  if (found === undefined) return undefined;
  const { sizeBytes, end, skipBytes } = found;
  if (skipBytes === 0) return { sizeBytes, end, content: answer.body };
  const content = Readable.from(skip(answer.body, skipBytes));
  // Let go of before it is read, it would leave the answer open, and a connection with it.
  content.once('close', () => answer.body.destroy());
  return { sizeBytes, end, content };
}

/** What the answer holds, and how much of it lies before the start; `undefined` for a refusal. */
function findPart(
  answer: Pick<LineAnswer, 'statusCode' | 'headers'>,
  start: number,
): { sizeBytes: number; end: number; skipBytes: number } | undefined {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  // > A registry that does not know ranges answers the whole (RFC 9110, 14.2).
  if (answer.statusCode === 200) {
    const whole = { sizeBytes: length, end: length, skipBytes: start };
    return Number.isFinite(length) ? whole : undefined;
  }
  const match = TOTAL.exec(String(answer.headers['content-range'] ?? ''));
  if (!match) return undefined;
  const sizeBytes = Number(match[3]);
  if (answer.statusCode === 206 && Number(match[1] ?? Number.NaN) === start) {
    return { sizeBytes, end: Number(match[2]) + 1, skipBytes: 0 };
  }
  // Nothing lies behind the end: that is an empty rest, not a failure. The body is an explanation.
  const isAtEnd = answer.statusCode === 416 && sizeBytes === start;
  return isAtEnd ? { sizeBytes, end: start, skipBytes: Number.POSITIVE_INFINITY } : undefined;
}

async function* skip(body: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of body) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
