import { randomBytes, randomUUID } from 'node:crypto';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { type Digest, digestOf, hexOf } from '../../../src/oci/digest.ts';
import { StorageFull, StorageUnavailable } from '../../../src/storage/failure.ts';
import { FilesystemBlobStore } from '../../../src/storage/filesystem/blob-store.ts';

const content = (bytes: Buffer): Readable => Readable.from([bytes], { objectMode: false });

async function failureOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** How many files this process has open. */
async function countOpenFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

describe('blobs on a file system', () => {
  let folder: string;
  let store: FilesystemBlobStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meridian-blobs-'));
    store = await FilesystemBlobStore.open({ folder });
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function keep(bytes: Buffer): Promise<Digest> {
    const [staging, digest] = [randomUUID(), digestOf(bytes)];
    await store.append(staging, { offset: 0, content: content(bytes) });
    await store.commit(staging, digest);
    return digest;
  }

  const blobFile = (digest: Digest): string =>
    join(folder, 'blobs', 'sha256', hexOf(digest).slice(0, 2), hexOf(digest));
  const stagingFile = (staging: string): string => join(folder, 'staging', staging);

  it('says where below its folder a blob lies, once it is whole', async () => {
    const [bytes, staging] = [randomBytes(1000), randomUUID()];
    const digest = digestOf(bytes);
    await store.append(staging, { offset: 0, content: content(bytes) });
    expect(await store.locate(digest)).to.equal(undefined);
    await store.commit(staging, digest);
    const path = `sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`;
    expect(await store.locate(digest)).to.deep.equal({ kind: 'file', path });
    expect((await stat(join(folder, 'blobs', path))).size).to.equal(1000);
  });

  describe('another process', () => {
    it('that cuts the file while this one writes on makes no blob with a hole', async () => {
      const bytes = randomBytes(4_000_000);
      const [staging, digest] = [randomUUID(), digestOf(bytes)];
      const other = await FilesystemBlobStore.open({ folder });
      async function* slowly(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 3_000_000);
        // What was yielded reaches the file before the other one cuts it.
        while ((await stat(stagingFile(staging))).size < 3_000_000) await setImmediate();
        await other.append(staging, { offset: 0, content: content(bytes.subarray(0, 10)) });
        yield bytes.subarray(3_000_000);
      }
      await store.append(staging, { offset: 0, content: slowly() });
      expect(await store.commit(staging, digest)).to.have.property('kind', 'mismatch');
      expect(await store.find(digest)).to.equal(undefined);
    });

    it('goes on with an upload, and proves what it did not hash itself', async () => {
      const bytes = randomBytes(3_000_000);
      const staging = randomUUID();
      await store.append(staging, { offset: 0, content: content(bytes.subarray(0, 1_234_567)) });
      const other = await FilesystemBlobStore.open({ folder });
      const outcome = await other.append(staging, {
        offset: 1_234_567,
        content: content(bytes.subarray(1_234_567)),
      });
      expect(outcome).to.deep.equal({ offset: bytes.length });
      expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
      expect(await other.find(digestOf(bytes))).to.deep.equal({ sizeBytes: bytes.length });
    });

    it('is noticed where it wrote other bytes of the same length', async () => {
      const bytes = randomBytes(50_000);
      const staging = randomUUID();
      await store.append(staging, { offset: 0, content: content(bytes) });
      const other = await FilesystemBlobStore.open({ folder });
      await other.append(staging, { offset: 40_000, content: content(randomBytes(10_000)) });
      expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('mismatch');
    });

    it('finds what a process left behind that was killed while it wrote', async () => {
      const bytes = randomBytes(100_000);
      const staging = randomUUID();
      await store.append(staging, { offset: 0, content: content(bytes.subarray(0, 60_000)) });
      // Bytes that reached the disk, but not the session's row.
      await appendFile(stagingFile(staging), randomBytes(5000));
      const next = await FilesystemBlobStore.open({ folder });
      await next.append(staging, { offset: 60_000, content: content(bytes.subarray(60_000)) });
      expect((await next.commit(staging, digestOf(bytes))).kind).to.equal('committed');
    });

    it('says what is left where a power cut took bytes', async () => {
      const staging = randomUUID();
      await store.append(staging, { offset: 0, content: content(randomBytes(60_000)) });
      await truncate(stagingFile(staging), 10_000);
      const next = await FilesystemBlobStore.open({ folder });
      const outcome = await next.append(staging, {
        offset: 60_000,
        content: content(Buffer.of(1)),
      });
      expect(outcome.offset).to.equal(10_000);
      expect(outcome.interruption?.name).to.equal('StagingShort');
    });
  });

  describe('a disk that is full', () => {
    /** A device on which every write fails for want of room. */
    const FULL_DEVICE = '/dev/full';

    it('says so, leaves the content open for an answer, and has room again after', async () => {
      const staging = randomUUID();
      await symlink(FULL_DEVICE, stagingFile(staging));
      const request = new PassThrough();
      request.write(randomBytes(2_000_000));
      const failure = failureOf(store.append(staging, { offset: 0, content: request }));
      request.write(randomBytes(2_000_000));
      request.write(randomBytes(2_000_000));
      expect(await failure).to.be.instanceOf(StorageFull);
      expect(request.destroyed).to.equal(false);
      await store.discard(staging);
      expect(await readdir(join(folder, 'staging'))).to.deep.equal([]);
      await keep(randomBytes(1000));
    });

    it('breaks off whoever reads along', async () => {
      const staging = randomUUID();
      await symlink(FULL_DEVICE, stagingFile(staging));
      const failure = failureOf(
        store.append(staging, { offset: 0, content: content(Buffer.of(1)) }),
      );
      expect(await failure).to.be.instanceOf(StorageFull);
      await store.discard(staging);
      expect(await store.openStaging(staging, { start: 0, end: 1 })).to.equal(undefined);
    });
  });

  describe('a blob that is there already', () => {
    it('stays the same file', async () => {
      const bytes = randomBytes(10_000);
      const digest = await keep(bytes);
      await utimes(blobFile(digest), 1000, 1000);
      await keep(bytes);
      const later = await FilesystemBlobStore.open({ folder });
      expect(await later.find(digest)).to.deep.equal({ sizeBytes: bytes.length });
      expect(await readdir(join(folder, 'staging'))).to.deep.equal([]);
    });

    it('is replaced where it lost bytes', async () => {
      const bytes = randomBytes(10_000);
      const digest = await keep(bytes);
      await truncate(blobFile(digest), 10);
      await keep(bytes);
      expect((await buffer((await store.open(digest))!)).equals(bytes)).to.equal(true);
    });

    it('is read to its end by whoever has it open while it is deleted', async () => {
      const bytes = randomBytes(2_000_000);
      const digest = await keep(bytes);
      const reader = await store.open(digest);
      await store.delete(digest);
      expect((await buffer(reader!)).equals(bytes)).to.equal(true);
      expect(await store.open(digest)).to.equal(undefined);
    });

    it('breaks a stream whose file lost its end, and never ends it short', async () => {
      const digest = await keep(randomBytes(2_000_000));
      await truncate(blobFile(digest), 1_000_000);
      const reader = await store.open(digest, { start: 0, end: 1_999_999 });
      expect(await failureOf(buffer(reader!))).to.be.an('error');
    });
  });

  describe('open files', () => {
    it('does not leak any over a thousand readers, gone ones too', async () => {
      const bytes = randomBytes(300_000);
      const digest = await keep(bytes);
      const before = await countOpenFiles();
      const readers = await Promise.all(Array.from({ length: 1000 }, () => store.open(digest)));
      await Promise.all(
        readers.map(async (reader, index) => {
          if (index % 2 === 0) expect((await buffer(reader!)).length).to.equal(bytes.length);
          else await new Promise((resolve) => reader!.once('close', resolve).destroy());
        }),
      );
      expect(await countOpenFiles()).to.be.at.most(before);
    });

    it('does not leak any where appends break', async () => {
      const before = await countOpenFiles();
      for (let count = 0; count < 50; count += 1) {
        const request = new PassThrough();
        const appending = store.append(randomUUID(), { offset: 0, content: request });
        request.write(randomBytes(10));
        request.destroy(new Error('gone'));
        await appending;
      }
      expect(await countOpenFiles()).to.be.at.most(before);
    });
  });

  describe('the folder', () => {
    it('may hold files that are no blobs', async () => {
      const digest = await keep(randomBytes(10));
      await mkdir(join(folder, 'blobs', 'sha256', 'lost+found'));
      await writeFile(join(folder, 'blobs', 'sha256', hexOf(digest).slice(0, 2), 'README'), '');
      expect(await store.list({ limit: 10 })).to.deep.equal([digest]);
    });

    it('refuses an id that would leave it', async () => {
      for (const id of ['../x', 'a/b', '', '.', 'A', 'a'.repeat(193)]) {
        expect(await failureOf(store.discard(id))).to.be.instanceOf(TypeError);
      }
    });

    it('is away where it is no folder', async () => {
      await rm(join(folder, 'staging'), { recursive: true });
      await symlink('/dev/null', join(folder, 'staging'));
      const failure = failureOf(
        store.append(randomUUID(), { offset: 0, content: content(Buffer.of(1)) }),
      );
      expect(await failure).to.be.instanceOf(StorageUnavailable);
    });
  });
});
