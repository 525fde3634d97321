import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { BlobLinks } from '../../src/registry/blob-links.ts';
import { UploadLeases } from '../../src/registry/upload-leases.ts';
import { type UploadPoint, Uploads } from '../../src/registry/uploads.ts';
import { StorageUnavailable } from '../../src/storage/failure.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryMetadata } from '../../src/storage/memory/metadata.ts';
import { MemoryUploadTracker } from '../../src/storage/memory/upload-tracker.ts';
import { repositoryNamed } from '../support/content.ts';

const repository = repositoryNamed('a/b');
const point: UploadPoint = { id: 'f1', repository, subject: 'ann', offset: 0 };
const BYTES = Buffer.from('0123456789');
const digest = digestOf(BYTES);

describe('uploads', () => {
  let uploads: Uploads;
  let blobStore: MemoryBlobStore;
  let uploadTracker: MemoryUploadTracker;
  let metadata: MemoryMetadata;

  beforeEach(async () => {
    const clock = systemClock;
    blobStore = new MemoryBlobStore({ clock });
    uploadTracker = new MemoryUploadTracker();
    metadata = new MemoryMetadata(new MemoryFacts({ clock }));
    const leases = new UploadLeases({ uploadTracker, clock, randomness });
    const blobLinks = new BlobLinks({ metadata, blobStore, clock });
    uploads = new Uploads({ uploadTracker, leases, blobStore, blobLinks });
    const startedAt = clock.now();
    const expiresAt = new Date(startedAt.getTime() + 3_600_000);
    await uploadTracker.create({ ...point, algorithm: 'sha256', startedAt, expiresAt });
  });

  const finish = () => uploads.finish(point, { digest, chunk: { content: chunksOf(BYTES) } });

  it('keep what came in before a client went away, and go on from there', async () => {
    const appended = uploads.append(point, { content: breakAfter(BYTES.subarray(0, 4)) });
    await expectError(appended, /hung up/);
    expect(await uploads.getOffset(point)).to.equal(4);
    const rest = { content: chunksOf(BYTES.subarray(4)) };
    await uploads.finish({ ...point, offset: 4 }, { digest, chunk: rest });
    expect(await metadata.findBlob(repository, digest)).to.deep.equal({ sizeBytes: 10 });
  });

  it('are unknown to whoever did not begin them, and stay free (A10)', async () => {
    for (const other of [{ subject: 'eve' }, { repository: repositoryNamed('a/c') }]) {
      const chunk = { content: chunksOf(BYTES) };
      await expectCode(uploads.append({ ...point, ...other }, chunk), 'BLOB_UPLOAD_UNKNOWN');
      const finished = uploads.finish({ ...point, ...other }, { digest, chunk });
      await expectCode(finished, 'BLOB_UPLOAD_UNKNOWN');
    }
    expect(await finish()).to.deep.equal({ kind: 'finished', sizeBytes: 10 });
  });

  it('let one of two writers win, and tell the other where the upload stands (70)', async () => {
    const slow = new PassThrough();
    const first = uploads.append(point, { content: slow });
    await turn();
    const second = uploads.append(point, { content: chunksOf(BYTES) });
    slow.end(BYTES);
    expect(await first).to.deep.equal({ kind: 'appended', offset: 10 });
    expect(await second).to.deep.equal({ kind: 'out-of-order', offset: 10 });
  });

  it('write nothing out of order (58)', async () => {
    const range = { start: 5, end: 14 };
    const result = await uploads.append(point, { content: chunksOf(BYTES), range, length: 10 });
    expect(result).to.deep.equal({ kind: 'out-of-order', offset: 0 });
  });

  it('do not count bytes beyond their own range (57)', async () => {
    const range = { start: 0, end: 4 };
    const appended = uploads.append(point, { content: chunksOf(BYTES), range });
    await expectCode(appended, 'SIZE_INVALID');
    await expectCode(
      uploads.append(point, { content: chunksOf(BYTES), range, length: 10 }),
      'SIZE_INVALID',
    );
    expect(await uploads.getOffset(point)).to.equal(0);
  });

  it('are gone with their bytes after a wrong digest (A18)', async () => {
    const wrong = digestOf('something else');
    const chunk = { content: chunksOf(BYTES) };
    await expectCode(uploads.finish(point, { digest: wrong, chunk }), 'DIGEST_INVALID');
    await expectCode(uploads.getOffset(point), 'BLOB_UPLOAD_UNKNOWN');
    expect(await blobStore.listStagings(new Date(Date.now() + 1000))).to.deep.equal([]);
    expect(await metadata.findBlob(repository, wrong)).to.equal(undefined);
  });

  it('take the blob of no bytes', async () => {
    const empty = digestOf('');
    const chunk = { content: chunksOf(), length: 0 };
    const result = await uploads.finish(point, { digest: empty, chunk });
    expect(result).to.deep.equal({ kind: 'finished', sizeBytes: 0 });
  });

  it('are finished once (A16)', async () => {
    const outcomes = await Promise.allSettled([finish(), finish()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    await expectCode(finish(), 'BLOB_UPLOAD_UNKNOWN');
  });

  it('belong to one repository and one account (A10)', async () => {
    for (const other of [{ repository: repositoryNamed('a/c') }, { subject: 'bob' }]) {
      const theirs = { ...point, ...other };
      await expectCode(uploads.getOffset(theirs), 'BLOB_UPLOAD_UNKNOWN');
      await expectCode(uploads.cancel(theirs), 'BLOB_UPLOAD_UNKNOWN');
      const chunk = { content: chunksOf(BYTES) };
      await expectCode(uploads.append(theirs, chunk), 'BLOB_UPLOAD_UNKNOWN');
      await expectCode(uploads.finish(theirs, { digest, chunk }), 'BLOB_UPLOAD_UNKNOWN');
    }
  });

  it('leave nothing behind when they are cancelled while bytes come in', async () => {
    const slow = new PassThrough();
    const append = uploads.append(point, { content: slow });
    slow.write(BYTES);
    await turn();
    await uploads.cancel(point);
    slow.end();
    await expectError(append, /./);
    expect(await blobStore.listStagings(new Date(Date.now() + 1000))).to.deep.equal([]);
  });

  it('can be tried again after the storage was away', async () => {
    const commit = blobStore.commit.bind(blobStore);
    blobStore.commit = () => Promise.reject(new StorageUnavailable('away'));
    const chunk = { content: chunksOf(BYTES) };
    await expectError(uploads.finish(point, { digest, chunk }), /away/);
    blobStore.commit = commit;
    const again = { content: chunksOf(), length: 0 };
    const result = await uploads.finish({ ...point, offset: 10 }, { digest, chunk: again });
    expect(result).to.deep.equal({ kind: 'finished', sizeBytes: 10 });
  });
});

async function* chunksOf(...chunks: Buffer[]): AsyncIterable<Buffer> {
  yield* chunks;
}

async function* breakAfter(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
  throw new Error('the client hung up');
}

async function expectError(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const outcome = await promise.catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(Error);
  expect((outcome as Error).message).to.match(message);
}

async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(RegistryError);
  expect((outcome as RegistryError).code).to.equal(code);
}
