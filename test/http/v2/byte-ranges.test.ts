import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { multipartAnswer } from '../../../src/http/v2/byte-ranges.ts';
import type { ByteRange } from '../../../src/oci/range.ts';

const BYTES = Buffer.from('0123456789');
const ranges = [
  { start: 0, end: 1 },
  { start: 5, end: 7 },
];

describe('several ranges of a blob in one answer', () => {
  let opened: Readable[];

  beforeEach(() => {
    opened = [];
  });

  const open = async ({ start, end }: ByteRange): Promise<Readable> => {
    const part = Readable.from([BYTES.subarray(start, end + 1)], { objectMode: false });
    opened.push(part);
    return part;
  };
  const answerRanges = async () => {
    const answer = await multipartAnswer({ ranges, sizeBytes: BYTES.length, headers: {}, open });
    return { ...answer, body: answer.body as Readable };
  };

  it('holds each part with its place, and is as long as it says', async () => {
    const { headers, body } = await answerRanges();
    const parts = await text(body);
    expect(parts).to.include('Content-Range: bytes 0-1/10\r\n\r\n01\r\n');
    expect(parts).to.include('Content-Range: bytes 5-7/10\r\n\r\n567\r\n');
    expect(headers['Content-Length']).to.equal(parts.length);
  });

  it('lets go of the part that was opened where nobody begins to read', async () => {
    const { body } = await answerRanges();
    expect(opened).to.have.lengthOf(1);
    body.destroy();
    await once(opened[0]!, 'close');
    expect(opened[0]!.destroyed).to.equal(true);
  });
});
