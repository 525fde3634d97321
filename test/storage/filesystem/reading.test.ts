import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { type ReadableFile, ReadingRoom } from '../../../src/storage/filesystem/reading.ts';
import { Growth } from '../../../src/storage/growth.ts';

describe('a file that many read at one pace', () => {
  const content = Buffer.from('the bytes of a staging');
  const range = { start: 0, end: content.length - 1 };
  let reads: number[];
  let failure: Error | undefined;

  const handle = {
    read: async (...[into, , length, position]: [Buffer, number, number, number]) => {
      reads.push(position);
      if (failure) throw failure;
      return { bytesRead: content.copy(into, 0, position, position + length), buffer: into };
    },
  } as unknown as ReadableFile['handle'];
  const file = { handle, close: async () => undefined };

  beforeEach(() => {
    reads = [];
    failure = undefined;
  });

  it('is read once for all of them', async () => {
    const [room, growth] = [new ReadingRoom(), new Growth()];
    const readers = Array.from({ length: 3 }, () => buffer(room.openShared(file, growth, range)));
    growth.advance(10);
    await new Promise(setImmediate);
    growth.advance(content.length);
    for (const reader of readers) expect(await reader).to.deep.equal(content);
    expect(reads).to.deep.equal([0, 10]);
  });

  it('is read again for whoever comes after a read that failed', async () => {
    const [room, growth] = [new ReadingRoom(), new Growth(content.length)];
    failure = new Error('a bad sector');
    const first = buffer(room.openShared(file, growth, range));
    expect(await first.catch((error: unknown) => error)).to.equal(failure);
    failure = undefined;
    expect(await buffer(room.openShared(file, growth, range))).to.deep.equal(content);
  });
});
