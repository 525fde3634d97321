/** Several ranges in one answer: `multipart/byteranges` (RFC 9110, 14.6; T33). */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { OCTET_STREAM } from '../../oci/media-type.ts';
import { type ByteRange, lengthOf, printContentRange } from '../../oci/range.ts';
import type { Answer, Headers } from '../answer.ts';

interface Multipart {
  readonly ranges: readonly ByteRange[];
  /** Of the whole blob. */
  readonly sizeBytes: number;
  readonly headers: Headers;
  readonly open: (range: ByteRange) => Promise<Readable>;
}

export async function multipartAnswer(multipart: Multipart): Promise<Answer> {
  const { ranges, sizeBytes, headers, open } = multipart;
  const boundary = randomUUID();
  const end = `\r\n--${boundary}--\r\n`;
  const heads = ranges.map((range) => partHead(boundary, printContentRange(range, sizeBytes)));
  const length = ranges.reduce(
    (sum, range, index) => sum + lengthOf(range) + heads[index]!.length,
    0,
  );
  // The first part is opened before anything is said, so that what is missing is a proper 404.
  const first = await open(ranges[0]!);
  async function* parts(): AsyncIterable<Buffer | string> {
    for (const [index, range] of ranges.entries()) {
      yield heads[index]!;
      yield* index === 0 ? first : await open(range);
    }
    yield end;
  }
  const body = Readable.from(parts(), { objectMode: false });
  // A body that nobody begins to read never comes to its first part, and must let go of it.
  body.once('close', () => first.destroy());
  return {
    status: 206,
    headers: {
      ...headers,
      'Content-Type': `multipart/byteranges; boundary=${boundary}`,
      'Content-Length': length + end.length,
    },
    body,
  };
}

function partHead(boundary: string, contentRange: string): string {
  const fields = `Content-Type: ${OCTET_STREAM}\r\nContent-Range: ${contentRange}`;
  return `\r\n--${boundary}\r\n${fields}\r\n\r\n`;
}
