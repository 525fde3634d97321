/** What is written while the disk is slow, and how much is taken meanwhile. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { BatchWriter } from '../../../src/storage/filesystem/batch-writer.ts';

type WritableFile = ConstructorParameters<typeof BatchWriter>[0];

const QUARTER_MIB = 256 * 1024;

/** A disk whose every write waits for leave. */
class SlowDisk implements WritableFile {
  readonly #file: WritableFile;
  readonly #waiting: ((failure?: Error) => void)[] = [];
  /** How many bytes each write was given. */
  readonly writes: number[] = [];
  syncs = 0;

  constructor(file: WritableFile) {
    this.#file = file;
  }

  readonly writev: WritableFile['writev'] = async (buffers, position) => {
    this.writes.push(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0));
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push((failure) => (failure ? reject(failure) : resolve()));
    });
    return this.#file.writev(buffers, position);
  };

  datasync(): Promise<void> {
    this.syncs += 1;
    return this.#file.datasync();
  }

  /** Lets the oldest write that waits pass, or fail. */
  admit(failure?: Error): void {
    this.#waiting.shift()?.(failure);
  }
}

describe('writing in batches', () => {
  const chunks = Array.from({ length: 14 }, () => randomBytes(QUARTER_MIB));
  let folder: string;
  let path: string;
  let disk: SlowDisk;
  let writer: BatchWriter;
  let close: () => Promise<void>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'batches-'));
    path = join(folder, 'file');
    const file = await open(path, 'w');
    close = () => file.close();
    disk = new SlowDisk(file);
    writer = new BatchWriter(disk, 0, { onWritten: () => undefined, isReadAlong: false });
  });

  afterEach(async () => {
    await close();
    await rm(folder, { recursive: true });
  });

  /** What their giver is told to wait for, chunk by chunk. */
  const takeAll = (taken: readonly Buffer[]) => taken.map((chunk) => writer.take(chunk));

  it('syncs what was written, and nothing where that is nothing', async () => {
    await writer.finish();
    expect(disk.syncs).to.equal(0);
    expect(writer.take(chunks[0]!)).to.equal(undefined);
    const finished = writer.finish();
    await setImmediate();
    disk.admit();
    await finished;
    expect(disk.syncs).to.equal(1);
  });

  it('makes the sender wait only once 2 MiB lie behind a write', async () => {
    const outcomes = takeAll(chunks.slice(0, 12));
    expect(disk.writes).to.deep.equal([4 * QUARTER_MIB]);
    expect(outcomes.slice(0, -1).every((outcome) => outcome === undefined)).to.equal(true);
    const pending = outcomes.at(-1)!.then(() => 'passed');
    expect(await Promise.race([pending, setImmediate('waits')])).to.equal('waits');
    disk.admit();
    expect(await pending).to.equal('passed');
    expect(disk.writes).to.deep.equal([4 * QUARTER_MIB, 8 * QUARTER_MIB]);
  });

  it('writes each byte in its place', async () => {
    const send = async (): Promise<boolean> => {
      for (const chunk of chunks) await writer.take(chunk);
      await writer.finish();
      return true;
    };
    const sent = send();
    while (!(await Promise.race([sent, setImmediate(false)]))) disk.admit();
    expect(writer.position).to.equal(chunks.length * QUARTER_MIB);
    expect((await readFile(path)).equals(Buffer.concat(chunks))).to.equal(true);
  });

  it('writes nothing behind a write that failed, and says so', async () => {
    const failure = new Error('the disk is gone');
    const pending = takeAll(chunks.slice(0, 12)).at(-1)!;
    disk.admit(failure);
    expect(await pending.catch((error: unknown) => error)).to.equal(failure);
    expect(await writer.finish().catch((error: unknown) => error)).to.equal(failure);
    expect(disk.writes).to.have.length(1);
  });
});
