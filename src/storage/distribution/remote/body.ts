/** Bodies of answers: short ones whole and in time, long ones at a least rate (A38). */
import { Readable } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import { RemoteFailure } from '../../virtual/remotes.ts';
import type { CallAnswer } from './caller.ts';
import { failureOf, lateFailure } from './failures.ts';

/** Less than this is no transfer, it only holds a place. */
const LEAST_BYTES_PER_SECOND = 4096;

/**
 * Reads a short body whole.
 *
 * @throws RemoteFailure `broken` where it is longer than `maxBytes`, `unreachable` where it breaks
 * off or takes longer than `limitMs`
 */
export async function readShort(
  { body, url }: Pick<CallAnswer, 'body' | 'url'>,
  { maxBytes, limitMs }: { readonly maxBytes: number; readonly limitMs: number },
): Promise<Buffer> {
  const timer = setTimeout(() => body.destroy(lateFailure(url)), limitMs);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        throw new RemoteFailure('broken', `${url.host} answers with more than ${maxBytes} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw failureOf(error, url);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

export interface Passage {
  readonly content: Readable;
  /** How many bytes there must be. */
  readonly sizeBytes: number;
  readonly url: URL;
  readonly clock: Clock;
  /** So long a rate is looked at. Time in which nobody reads does not count. */
  readonly windowMs: number;
}

/** The content, held to its size and to a least rate. Breaks with RemoteFailure. */
export function passThrough(passage: Passage): Readable {
  const content = Readable.from(meter(passage));
  // Let go of before it is read, it would leave the answer open, and a connection with it.
  content.once('close', () => passage.content.destroy());
  return content;
}

async function* meter(passage: Passage): AsyncGenerator<Buffer> {
  const { content, sizeBytes, url, clock, windowMs } = passage;
  const leastBytes = (LEAST_BYTES_PER_SECOND * windowMs) / 1000;
  let [leftBytes, waitedMs, heardBytes] = [sizeBytes, 0, 0];
  let sinceMs = clock.elapsedMs();
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      waitedMs += clock.elapsedMs() - sinceMs;
      heardBytes += chunk.length;
      leftBytes -= chunk.length;
      if (waitedMs > windowMs) {
        if (heardBytes < leastBytes) {
          throw new RemoteFailure('unreachable', `${url.host} sends too slowly`);
        }
        [waitedMs, heardBytes] = [0, 0];
      }
      if (leftBytes < 0) break;
      yield chunk;
      sinceMs = clock.elapsedMs();
    }
  } catch (error) {
    throw failureOf(error, url);
  }
  if (leftBytes === 0) return;
  throw new RemoteFailure('broken', `${url.host} answers with another size than it said`);
}
