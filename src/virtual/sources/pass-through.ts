/** A blob that there is no room to keep: from the upstream straight to one client (V11). */
import { Readable } from 'node:stream';
import { algorithmOf, type Digest, Hasher } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';
import { type UpstreamBlob, UpstreamFailure } from '../../storage/upstream.ts';

export interface Passing {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Inside the blob; all of it where absent. */
  readonly range?: ByteRange | undefined;
}

/**
 * The bytes as they come. As from the fill, the last one is held back until the digest is proven:
 * for that every byte is read, also where a range was asked for.
 */
export function passThrough({ content, sizeBytes }: UpstreamBlob, passing: Passing): Readable {
  if (sizeBytes !== passing.sizeBytes) {
    content.destroy();
    const message = `the upstream says ${sizeBytes} bytes where ${passing.sizeBytes} are expected`;
    throw new UpstreamFailure(message, { status: 200 });
  }
  const body = Readable.from(prove(content, passing), { objectMode: false });
  body.once('close', () => content.destroy());
  return body;
}

async function* prove(content: Readable, passing: Passing): AsyncGenerator<Uint8Array> {
  const { digest, sizeBytes, range = { start: 0, end: sizeBytes - 1 } } = passing;
  const hasher = new Hasher(algorithmOf(digest));
  let position = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    hasher.update(chunk);
    const part = cut(chunk, { start: range.start - position, end: range.end - position });
    position += chunk.length;
    const isEnd = part.length > 0 && position > range.end;
    const given = isEnd ? part.subarray(0, -1) : part;
    if (isEnd) last = part.subarray(-1);
    if (given.length > 0) yield given;
  }
  if (position !== sizeBytes || hasher.digest() !== digest) {
    throw new UpstreamFailure(`the upstream sent other bytes than those of ${digest}`);
  }
  if (last) yield last;
}

/** What of a chunk lies in a range that is counted from its first byte. */
function cut(chunk: Uint8Array, { start, end }: ByteRange): Uint8Array {
  return end < 0 ? chunk.subarray(0, 0) : chunk.subarray(Math.max(0, start), end + 1);
}
