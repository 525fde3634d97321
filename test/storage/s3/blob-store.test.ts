import { randomBytes, randomUUID } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import { StorageUnavailable } from '../../../src/storage/failure.ts';
import { S3BlobStore } from '../../../src/storage/s3/blob-store.ts';
import { requireBucket, type SwiftBucket } from '../../support/swift-bucket.ts';

const MIB = 1024 * 1024;

/** Content in the chunks of a socket. */
function content(bytes: Buffer): Readable {
  const count = Math.ceil(bytes.length / 65_536);
  const chunks = Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * 65_536, (index + 1) * 65_536),
  );
  return Readable.from(chunks, { objectMode: false });
}

async function failureOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('blobs in a bucket', () => {
  let bucket: SwiftBucket;
  let stores: S3BlobStore[] = [];

  /** A store as another machine would open it. */
  async function openStore(): Promise<S3BlobStore> {
    const store = await S3BlobStore.open({ location: bucket.location, credentials: bucket.server });
    stores.push(store);
    return store;
  }

  before(async function () {
    bucket = await requireBucket(this);
  });

  after(() => {
    for (const store of stores) store.close();
    stores = [];
  });

  /** Pushes the pieces, each at the next machine, and reads the blob back. */
  async function pushInPieces(bytes: Buffer, sizes: readonly number[]): Promise<void> {
    const machines = [await openStore(), await openStore()];
    const staging = randomUUID();
    let offset = 0;
    for (const [index, size] of sizes.entries()) {
      const outcome = await machines[index % 2]!.append(staging, {
        offset,
        content: content(bytes.subarray(offset, offset + size)),
      });
      expect(outcome).to.deep.equal({ offset: offset + size });
      ({ offset } = outcome);
    }
    const outcome = await machines[0]!.commit(staging, digestOf(bytes));
    expect(outcome).to.deep.equal({ kind: 'committed', sizeBytes: bytes.length });
    const blob = await machines[1]!.open(digestOf(bytes));
    expect((await buffer(blob!)).equals(bytes)).to.equal(true);
    expect(await machines[1]!.listStagings(new Date(8e14))).to.not.include(staging);
  }

  it('joins large pieces from several machines inside the store', async () => {
    await pushInPieces(randomBytes(12 * MIB + 5), [5 * MIB, 5 * MIB, 2 * MIB + 5]);
  });

  it('joins odd small pieces too', async () => {
    await pushInPieces(randomBytes(100_000), [1, 69_999, 30_000]);
  });

  it('takes a piece that is larger than one part', async () => {
    await pushInPieces(randomBytes(19 * MIB), [19 * MIB]);
  });

  it('cuts in the middle of a piece', async () => {
    const bytes = randomBytes(50_000);
    const [store, staging] = [await openStore(), randomUUID()];
    await store.append(staging, { offset: 0, content: content(bytes) });
    const rest = content(bytes.subarray(12_345));
    expect(await store.append(staging, { offset: 12_345, content: rest })).to.deep.equal({
      offset: bytes.length,
    });
    expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
    const part = await store.open(digestOf(bytes), { start: 12_000, end: 13_000 });
    expect((await buffer(part!)).equals(bytes.subarray(12_000, 13_001))).to.equal(true);
  });

  it('notices that another machine wrote other bytes of the same length', async () => {
    const bytes = randomBytes(10_000);
    const [here, there, staging] = [await openStore(), await openStore(), randomUUID()];
    await here.append(staging, { offset: 0, content: content(bytes) });
    await there.append(staging, { offset: 0, content: content(randomBytes(10_000)) });
    expect((await here.commit(staging, digestOf(bytes))).kind).to.equal('mismatch');
  });

  it('keeps what came before a client vanished', async () => {
    const [store, staging, request] = [await openStore(), randomUUID(), new PassThrough()];
    const appending = store.append(staging, { offset: 0, content: request });
    const bytes = randomBytes(100_000);
    request.write(bytes.subarray(0, 40_000));
    while (request.readableLength > 0) await turn();
    request.destroy(new Error('connection reset'));
    const outcome = await appending;
    expect(outcome.interruption?.message).to.equal('connection reset');
    const rest = content(bytes.subarray(outcome.offset));
    await (await openStore()).append(staging, { offset: outcome.offset, content: rest });
    expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
  });

  it('lets read along what another machine had begun, from its first byte on', async () => {
    const [first, second, staging] = [await openStore(), await openStore(), randomUUID()];
    const bytes = randomBytes(200_000);
    await first.append(staging, { offset: 0, content: content(bytes.subarray(0, 90_000)) });
    const rest = content(bytes.subarray(90_000));
    await second.append(staging, { offset: 90_000, content: rest, isReadAlong: true });
    const read = await second.openStaging(staging, { start: 0, end: bytes.length - 1 });
    expect((await buffer(read!)).equals(bytes)).to.equal(true);
    await second.discard(staging);
  });

  describe('locate', () => {
    it('gives a URL that anybody can read for a while, in ranges too', async () => {
      const bytes = randomBytes(10_000);
      const [store, staging] = [await openStore(), randomUUID()];
      await store.append(staging, { offset: 0, content: content(bytes) });
      await store.commit(staging, digestOf(bytes));
      const found = await store.locate(digestOf(bytes));
      const url = found?.kind === 'url' ? found.url : undefined;
      const whole = await fetch(url!);
      expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).to.equal(true);
      const part = await fetch(url!, { headers: { range: 'bytes=10-19' } });
      expect(part.status).to.equal(206);
      expect(Number(url!.searchParams.get('X-Amz-Expires'))).to.be.at.most(20 * 60);
      url!.searchParams.set('X-Amz-Signature', '0'.repeat(64));
      expect((await fetch(url!)).status).to.equal(403);
    });
  });

  describe('a store that cannot answer', () => {
    it('is unavailable where nobody listens', async () => {
      const location = { ...bucket.location, endpoint: 'http://127.0.0.1:1' };
      const failure = await failureOf(S3BlobStore.open({ location, credentials: bucket.server }));
      expect(failure).to.be.instanceOf(StorageUnavailable);
    });

    it('is unavailable where the credentials are wrong', async () => {
      const credentials = { ...bucket.server, secretAccessKey: 'forged' };
      const failure = await failureOf(S3BlobStore.open({ location: bucket.location, credentials }));
      expect(failure).to.be.instanceOf(StorageUnavailable);
    });

    it('is unavailable where there is no such bucket', async () => {
      const location = { ...bucket.location, bucket: 'absent-bucket' };
      const failure = await failureOf(S3BlobStore.open({ location, credentials: bucket.server }));
      expect(failure).to.be.instanceOf(StorageUnavailable);
    });
  });
});
