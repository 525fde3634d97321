/** What every store of blobs keeps to; one line per adapter in `blob-store.test.ts`. */
import { randomBytes, randomUUID } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import type { BlobStore } from '../../../src/storage/blob-store.ts';

/** A store of the kind that is tested, empty, with what is needed to take it away. */
export interface OpenedBlobStore {
  readonly store: BlobStore;
  /** The same store, as another process has it; for one that follows others. */
  readonly other?: BlobStore;
  close(): Promise<void>;
}

/** Content as HTTP gives it: many chunks. */
function chunked(bytes: Buffer, chunkBytes = 10_000): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    chunks.push(bytes.subarray(at, at + chunkBytes));
  }
  return Readable.from(chunks, { objectMode: false });
}

/** Content that breaks behind its bytes, as a client that vanishes. */
async function* broken(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
  throw new Error('connection reset');
}

/** Puts the bytes there in one piece. */
export async function keep(store: BlobStore, bytes: Buffer): Promise<Digest> {
  const [staging, digest] = [randomUUID(), digestOf(bytes)];
  await store.append(staging, { offset: 0, content: chunked(bytes) });
  expect(await store.commit(staging, digest)).to.deep.equal({
    kind: 'committed',
    sizeBytes: bytes.length,
  });
  return digest;
}

/** Makes a staging that can be read along. */
async function begin(store: BlobStore, staging: string, bytes: Buffer): Promise<void> {
  await store.append(staging, { offset: 0, content: chunked(bytes), isReadAlong: true });
}

async function read(stream: Readable | undefined): Promise<Buffer | undefined> {
  return stream && buffer(stream);
}

/** How a stream ended that should not have come to its end. */
async function failureOf(stream: Readable): Promise<unknown> {
  return buffer(stream).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** @param open gives `other` where `isFollowed` says that processes see each other's stagings */
export function describeBlobStoreContract(
  name: string,
  open: (this: Mocha.Context) => Promise<OpenedBlobStore>,
  { isFollowed = true } = {},
): void {
  describe(`a blob store: ${name}`, () => {
    let opened: OpenedBlobStore | undefined;
    let store: BlobStore;

    before(async function () {
      this.timeout(60_000);
      opened = await open.call(this);
      store = opened.store;
    });

    after(async () => opened?.close());

    describe('find and open', () => {
      it('knows nothing of a blob that is not there', async () => {
        const digest = digestOf('never kept');
        expect(await store.find(digest)).to.equal(undefined);
        expect(await store.open(digest)).to.equal(undefined);
        expect(await store.locate(digest)).to.equal(undefined);
        expect(await store.open(digest, { start: 0, end: 4 })).to.equal(undefined);
      });

      it('gives back what was kept, byte for byte', async () => {
        const bytes = randomBytes(1_500_000);
        const digest = await keep(store, bytes);
        expect(await store.find(digest)).to.deep.equal({ sizeBytes: bytes.length });
        expect((await read(await store.open(digest)))?.equals(bytes)).to.equal(true);
      });

      it('gives a range', async () => {
        const bytes = randomBytes(200_000);
        const digest = await keep(store, bytes);
        for (const [start, end] of [
          [0, 0],
          [0, 199_999],
          [70_000, 170_000],
          [199_999, 199_999],
        ] as const) {
          const part = await read(await store.open(digest, { start, end }));
          expect(part?.equals(bytes.subarray(start, end + 1))).to.equal(true);
        }
      });

      it('keeps the blob of no bytes', async () => {
        const digest = await keep(store, Buffer.alloc(0));
        expect(await store.find(digest)).to.deep.equal({ sizeBytes: 0 });
        expect(await read(await store.open(digest))).to.deep.equal(Buffer.alloc(0));
      });
    });

    describe('append', () => {
      it('puts chunk behind chunk', async () => {
        const bytes = randomBytes(300_000);
        const staging = randomUUID();
        for (const [start, end] of [
          [0, 100_000],
          [100_000, 100_001],
          [100_001, 300_000],
        ] as const) {
          const content = chunked(bytes.subarray(start, end));
          const outcome = await store.append(staging, { offset: start, content });
          expect(outcome).to.deep.equal({ offset: end });
        }
        expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
        expect((await read(await store.open(digestOf(bytes))))?.equals(bytes)).to.equal(true);
      });

      it('keeps the bytes before an interruption, and goes on behind them', async () => {
        const bytes = randomBytes(60_000);
        const staging = randomUUID();
        const first = await store.append(staging, {
          offset: 0,
          content: broken(bytes.subarray(0, 25_000)),
        });
        expect(first.interruption?.message).to.equal('connection reset');
        expect(first.offset).to.be.within(0, 25_000);
        const rest = chunked(bytes.subarray(first.offset));
        await store.append(staging, { offset: first.offset, content: rest });
        expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
      });

      it('reports a stream that is destroyed as an interruption', async () => {
        const content = new PassThrough();
        const outcome = store.append(randomUUID(), { offset: 0, content });
        content.write(randomBytes(1000));
        setImmediate(() => content.destroy());
        expect((await outcome).interruption).to.be.an('error');
      });

      it('reports a stream that broke before it was read', async () => {
        const content = new PassThrough();
        const outcome = store.append(randomUUID(), { offset: 0, content });
        content.destroy(new Error('connection reset'));
        expect((await outcome).interruption?.message).to.equal('connection reset');
      });

      it('cuts off what lies beyond the offset', async () => {
        const bytes = randomBytes(50_000);
        const staging = randomUUID();
        await store.append(staging, { offset: 0, content: chunked(bytes.subarray(0, 20_000)) });
        await store.append(staging, { offset: 20_000, content: chunked(randomBytes(30_000)) });
        await store.append(staging, { offset: 20_000, content: chunked(bytes.subarray(20_000)) });
        expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
      });

      it('says what it holds where that is less than the offset', async () => {
        const staging = randomUUID();
        await store.append(staging, { offset: 0, content: chunked(randomBytes(1000)) });
        const outcome = await store.append(staging, {
          offset: 5000,
          content: chunked(Buffer.of(1)),
        });
        expect(outcome.offset).to.equal(1000);
        expect(outcome.interruption).to.be.an('error');
      });
    });

    describe('commit', () => {
      it('knows nothing of a staging that is not there', async () => {
        expect(await store.commit(randomUUID(), digestOf('x'))).to.deep.equal({ kind: 'unknown' });
      });

      it('refuses another digest, and takes the staging away', async () => {
        const staging = randomUUID();
        await store.append(staging, { offset: 0, content: chunked(Buffer.from('these')) });
        expect(await store.commit(staging, digestOf('those'))).to.deep.equal({
          kind: 'mismatch',
          actual: digestOf('these'),
        });
        expect(await store.find(digestOf('those'))).to.equal(undefined);
        expect(await store.commit(staging, digestOf('these'))).to.deep.equal({ kind: 'unknown' });
      });

      it('proves sha512, with and without a word before', async () => {
        for (const hint of [{ algorithm: 'sha512' }, {}] as const) {
          const bytes = randomBytes(90_000);
          const [staging, digest] = [randomUUID(), digestOf(bytes, 'sha512')];
          await store.append(staging, { offset: 0, content: chunked(bytes), ...hint });
          expect((await store.commit(staging, digest)).kind).to.equal('committed');
          expect(await store.find(digest)).to.deep.equal({ sizeBytes: 90_000 });
        }
      });

      it('lets two uploads of one digest both succeed', async () => {
        const bytes = randomBytes(120_000);
        const stagings = [randomUUID(), randomUUID()];
        await Promise.all(
          stagings.map((staging) => store.append(staging, { offset: 0, content: chunked(bytes) })),
        );
        const outcomes = await Promise.all(
          stagings.map((staging) => store.commit(staging, digestOf(bytes))),
        );
        expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['committed', 'committed']);
        expect((await read(await store.open(digestOf(bytes))))?.equals(bytes)).to.equal(true);
        expect(await store.listStagings(new Date(Date.now() + 86_400_000))).to.not.include.members(
          stagings,
        );
      });
    });

    describe('openStaging', () => {
      it('gives bytes while they arrive', async () => {
        const bytes = randomBytes(3_000_000);
        const [staging, content] = [randomUUID(), new PassThrough()];
        await store.append(staging, {
          offset: 0,
          content: chunked(bytes.subarray(0, 1000)),
          isReadAlong: true,
        });
        const appending = store.append(staging, { offset: 1000, content, isReadAlong: true });
        const whole = read(await store.openStaging(staging, { start: 0, end: 2_999_999 }));
        const part = read(await store.openStaging(staging, { start: 900, end: 2_000_000 }));
        content.write(bytes.subarray(1000, 1_700_000));
        content.end(bytes.subarray(1_700_000));
        await appending;
        expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
        expect((await whole)?.equals(bytes)).to.equal(true);
        expect((await part)?.equals(bytes.subarray(900, 2_000_001))).to.equal(true);
      });

      it('is told of when it can be asked, before the first byte comes', async () => {
        const [staging, content] = [randomUUID(), new PassThrough()];
        let appending: Promise<unknown> | undefined;
        await new Promise<void>((onOpen) => {
          appending = store.append(staging, { offset: 0, content, isReadAlong: true, onOpen });
        });
        const reading = read(await store.openStaging(staging, { start: 0, end: 99 }));
        const bytes = randomBytes(100);
        content.end(bytes);
        expect((await reading)?.equals(bytes)).to.equal(true);
        await appending;
        await store.discard(staging);
      });

      it('gives a few bytes before more have come', async () => {
        const [staging, content] = [randomUUID(), new PassThrough()];
        const first = { offset: 0, content: chunked(Buffer.of(1)), isReadAlong: true };
        await store.append(staging, first);
        const appending = store.append(staging, { offset: 1, content, isReadAlong: true });
        const reader = await store.openStaging(staging, { start: 0, end: 99_999 });
        const bytes = randomBytes(1000);
        content.write(bytes);
        const seen: Buffer[] = [];
        for await (const chunk of reader as AsyncIterable<Buffer>) {
          seen.push(Buffer.from(chunk));
          if (Buffer.concat(seen).length === 1001) break;
        }
        expect(Buffer.concat(seen).subarray(1).equals(bytes)).to.equal(true);
        content.end();
        await appending;
        await store.discard(staging);
      });

      it('breaks, and never ends short, when the staging goes', async () => {
        const staging = randomUUID();
        await store.append(staging, {
          offset: 0,
          content: chunked(randomBytes(1000)),
          isReadAlong: true,
        });
        const reader = await store.openStaging(staging, { start: 0, end: 1999 });
        const failure = failureOf(reader!);
        await store.discard(staging);
        expect(await failure).to.be.an('error');
      });

      it('knows nothing of a staging that is not there', async () => {
        expect(await store.openStaging(randomUUID(), { start: 0, end: 1 })).to.equal(undefined);
      });
    });

    it('says whether it shows what another process writes', () => {
      expect(store.followsOthers ?? false).to.equal(isFollowed);
    });

    const describeFollowed = isFollowed ? describe : () => undefined;
    describeFollowed('openStaging of what another process writes', () => {
      let other: BlobStore;

      before(() => {
        other = opened!.other!;
      });

      it('gives bytes as they arrive, also once they are a blob', async () => {
        const bytes = randomBytes(3_000_000);
        const [staging, content] = [randomUUID(), new PassThrough()];
        await begin(store, staging, bytes.subarray(0, 1000));
        const whole = read(await other.openStaging(staging, { start: 0, end: 2_999_999 }));
        const part = await other.openStaging(staging, { start: 900, end: 2_000_000 });
        const appending = store.append(staging, { offset: 1000, content, isReadAlong: true });
        content.write(bytes.subarray(1000, 1_700_000));
        content.end(bytes.subarray(1_700_000));
        await appending;
        expect((await store.commit(staging, digestOf(bytes))).kind).to.equal('committed');
        expect((await whole)?.equals(bytes)).to.equal(true);
        expect((await read(part))?.equals(bytes.subarray(900, 2_000_001))).to.equal(true);
      });

      it('goes on where this process goes on behind the other one', async () => {
        const bytes = randomBytes(200_000);
        const staging = randomUUID();
        await begin(store, staging, bytes.subarray(0, 90_000));
        const followed = read(await other.openStaging(staging, { start: 0, end: 199_999 }));
        const content = chunked(bytes.subarray(90_000));
        await other.append(staging, { offset: 90_000, content, isReadAlong: true });
        expect((await followed)?.equals(bytes)).to.equal(true);
        expect((await other.commit(staging, digestOf(bytes))).kind).to.equal('committed');
      });

      it('breaks, and never ends short, when the staging goes', async () => {
        const staging = randomUUID();
        await begin(store, staging, randomBytes(1000));
        const failure = failureOf((await other.openStaging(staging, { start: 0, end: 1999 }))!);
        await store.discard(staging);
        expect(await failure).to.be.an('error');
      });

      it('knows nothing of a staging that is not there', async () => {
        expect(await other.openStaging(randomUUID(), { start: 0, end: 1 })).to.equal(undefined);
      });
    });

    describe('discard and delete', () => {
      it('takes a staging away, twice too', async () => {
        const staging = randomUUID();
        await store.append(staging, { offset: 0, content: chunked(randomBytes(1000)) });
        await store.discard(staging);
        await store.discard(staging);
        expect(await store.commit(staging, digestOf(''))).to.deep.equal({ kind: 'unknown' });
      });

      it('takes a blob away, twice too, and can keep it again', async () => {
        const bytes = randomBytes(1000);
        const digest = await keep(store, bytes);
        await store.delete(digest);
        await store.delete(digest);
        expect(await store.find(digest)).to.equal(undefined);
        await keep(store, bytes);
        expect(await store.find(digest)).to.deep.equal({ sizeBytes: 1000 });
      });
    });

    describe('list and listStagings', () => {
      it('pages through every blob once', async () => {
        const kept = new Set<Digest>();
        for (let count = 0; count < 7; count += 1) kept.add(await keep(store, randomBytes(10)));
        const listed: Digest[] = [];
        for (;;) {
          const after = listed.at(-1);
          const page = await store.list({ ...(after ? { after } : {}), limit: 3 });
          expect(page.length).to.be.at.most(3);
          if (page.length === 0) break;
          listed.push(...page);
        }
        expect(new Set(listed).size).to.equal(listed.length);
        expect(listed).to.include.members([...kept]);
      });

      it('lists stagings by the time of their last bytes', async () => {
        const staging = randomUUID();
        await store.append(staging, { offset: 0, content: chunked(randomBytes(10)) });
        expect(await store.listStagings(new Date(0))).to.deep.equal([]);
        const later = new Date(Date.now() + 86_400_000);
        expect(await store.listStagings(later)).to.include(staging);
        await store.discard(staging);
      });
    });
  });
}
