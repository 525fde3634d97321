import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../src/clock.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { systemRandomness } from '../../src/randomness.ts';
import { sharedStaging, Turns } from '../../src/registry/fill/turns.ts';
import { Fill, type Source } from '../../src/registry/fill.ts';
import type { Append, AppendOutcome } from '../../src/storage/blob-store.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { MemoryLeases } from '../../src/storage/memory/leases.ts';
import { UpstreamFailure } from '../../src/storage/upstream.ts';

/** Time that passes at once, so that no test waits for a retry. */
const clock: Clock = { ...systemClock, sleep: async () => undefined };

/** An upstream whose every opening is a stream in the test's hands. */
class HeldUpstream {
  readonly offsets: number[] = [];
  readonly streams: PassThrough[] = [];
  readonly #sizeBytes: number;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  readonly source: Source = async (offset) => {
    this.offsets.push(offset);
    const content = new PassThrough();
    this.streams.push(content);
    return { sizeBytes: this.#sizeBytes, content };
  };

  /** The stream of the n-th opening, once it was opened. */
  async opening(index: number): Promise<PassThrough> {
    while (!this.streams[index]) await turn();
    return this.streams[index];
  }
}

/** An upstream that gives all that it has, from wherever it is asked. */
function wholeUpstream(bytes: Buffer): Source {
  return async (offset) => ({
    sizeBytes: bytes.length,
    content: Readable.from([bytes.subarray(offset)], { objectMode: false }),
  });
}

/** Takes bytes, and writes none before it is let go of. */
class HeldDisk extends MemoryBlobStore {
  release!: () => void;
  readonly #released = new Promise<void>((resolve) => (this.release = resolve));

  override append(id: string, append: Append): Promise<AppendOutcome> {
    return super.append(id, { ...append, content: this.#hold(append.content) });
  }

  async *#hold(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      await this.#released;
      yield chunk;
    }
  }
}

const refusing: Source = async () => {
  throw new UpstreamFailure('refused', { status: 503 });
};

async function failureOf(outcome: Promise<unknown>): Promise<Error> {
  return outcome.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

/** Resolves with the first bytes that a client gets. */
async function firstBytes(content: Readable): Promise<Buffer> {
  return new Promise((resolve) => content.once('data', resolve));
}

describe('the fill', () => {
  const bytes = randomBytes(300_000);
  const digest = digestOf(bytes);
  let blobStore: MemoryBlobStore;
  let leases: MemoryLeases;
  let ports: ConstructorParameters<typeof Fill>[0];
  let fill: Fill;

  beforeEach(() => {
    blobStore = new MemoryBlobStore({ clock });
    const log = pino({ level: 'silent' });
    leases = new MemoryLeases({ clock });
    const turns = new Turns({ leases, clock: systemClock, randomness: systemRandomness, log });
    ports = { blobStore, clock, turns, log };
    fill = new Fill(ports);
  });

  async function open(source: Source, range?: { start: number; end: number }): Promise<Readable> {
    const filled = await fill.open({ digest, source, ...(range ? { range } : {}) });
    return filled!.content;
  }

  describe('open', () => {
    it('gives the whole blob and keeps it', async () => {
      const filled = await fill.open({ digest, source: wholeUpstream(bytes) });
      expect(filled?.sizeBytes).to.equal(bytes.length);
      expect((await buffer(filled!.content)).equals(bytes)).to.equal(true);
      expect(await blobStore.find(digest)).to.deep.equal({ sizeBytes: bytes.length });
      expect(await blobStore.listStagings(new Date(8e15))).to.deep.equal([]);
    });

    it('knows nothing of what the upstream does not have, and asks again next time', async () => {
      let asked = 0;
      const source: Source = async () => {
        asked += 1;
        return undefined;
      };
      expect(await fill.open({ digest, source })).to.equal(undefined);
      await fill.settle();
      expect(await fill.open({ digest, source })).to.equal(undefined);
      expect(asked).to.equal(2);
    });

    it('passes on that the upstream does not answer', async () => {
      expect((await failureOf(fill.open({ digest, source: refusing }))).message).to.equal(
        'refused',
      );
      await fill.settle();
      expect(fill.size).to.equal(0);
    });

    it('gives bytes before the last one has arrived', async () => {
      const upstream = new HeldUpstream(bytes.length);
      const opening = open(upstream.source);
      (await upstream.opening(0)).write(bytes.subarray(0, 1000));
      const content = await opening;
      expect((await firstBytes(content)).equals(bytes.subarray(0, 1000))).to.equal(true);
      upstream.streams[0]!.end(bytes.subarray(1000));
      expect((await buffer(content)).length).to.equal(bytes.length - 1000);
    });

    it('gives the first bytes before they are in the staging, also in part', async () => {
      const disk = new HeldDisk({ clock });
      fill = new Fill({ ...ports, blobStore: disk });
      const upstream = new HeldUpstream(bytes.length);
      const opening = [open(upstream.source), open(upstream.source, { start: 0, end: 600 })];
      (await upstream.opening(0)).write(bytes.subarray(0, 1000));
      const [whole, part] = await Promise.all(opening);
      expect((await firstBytes(whole!)).equals(bytes.subarray(0, 1000))).to.equal(true);
      expect((await firstBytes(part!)).equals(bytes.subarray(0, 600))).to.equal(true);
      const rest = Promise.all([buffer(whole!), buffer(part!)]);
      disk.release();
      upstream.streams[0]!.end(bytes.subarray(1000));
      const [behind, last] = await rest;
      expect(behind.equals(bytes.subarray(1000))).to.equal(true);
      expect(last.equals(bytes.subarray(600, 601))).to.equal(true);
    });

    it('asks the upstream once for many clients, late and ranged ones too', async () => {
      const upstream = new HeldUpstream(bytes.length);
      const early = [open(upstream.source), open(upstream.source)];
      (await upstream.opening(0)).write(bytes.subarray(0, 100_000));
      await Promise.all(early);
      const late = open(upstream.source);
      const ranged = open(upstream.source, { start: 50_000, end: 200_000 });
      const whole = Promise.all([...early, late].map(async (content) => buffer(await content)));
      const part = ranged.then((content) => buffer(content));
      await turn();
      upstream.streams[0]!.end(bytes.subarray(100_000));
      for (const body of await whole) expect(body.equals(bytes)).to.equal(true);
      expect((await part).equals(bytes.subarray(50_000, 200_001))).to.equal(true);
      expect(upstream.offsets).to.deep.equal([0]);
    });

    it('goes on when every client went, and when one does not read', async () => {
      const upstream = new HeldUpstream(bytes.length);
      const opening = [open(upstream.source), open(upstream.source)];
      const content = await upstream.opening(0);
      const [gone, slow] = await Promise.all(opening);
      content.write(bytes.subarray(0, 1000));
      gone!.destroy();
      content.end(bytes.subarray(1000));
      await fill.settle();
      expect(await blobStore.find(digest)).to.deep.equal({ sizeBytes: bytes.length });
      expect((await buffer(slow!)).equals(bytes)).to.equal(true);
    });

    it('serves the blob of no bytes', async () => {
      const empty = digestOf('');
      const filled = await fill.open({ digest: empty, source: wholeUpstream(Buffer.alloc(0)) });
      expect(filled?.sizeBytes).to.equal(0);
      expect(await buffer(filled!.content)).to.deep.equal(Buffer.alloc(0));
      expect(await blobStore.find(empty)).to.deep.equal({ sizeBytes: 0 });
    });

    it('serves a blob and a range of one byte', async () => {
      const content = await open(wholeUpstream(bytes), { start: 7, end: 7 });
      expect(await buffer(content)).to.deep.equal(bytes.subarray(7, 8));
    });
  });

  describe('an upstream that lies or breaks', () => {
    it('never gives a whole body of wrong bytes, nor a whole range of them', async () => {
      const wrong = randomBytes(bytes.length);
      const upstream = new HeldUpstream(bytes.length);
      const opening = [
        open(upstream.source),
        open(upstream.source, { start: 0, end: 99 }),
        open(upstream.source, { start: 0, end: 0 }),
      ];
      (await upstream.opening(0)).end(wrong);
      const bodies = await Promise.all(opening);
      for (const body of bodies) expect(await failureOf(buffer(body))).to.be.an('error');
      expect(await blobStore.find(digest)).to.equal(undefined);
      expect(await blobStore.listStagings(new Date(8e15))).to.deep.equal([]);
    });

    it('goes on where a broken upstream left off', async () => {
      const upstream = new HeldUpstream(bytes.length);
      const opening = open(upstream.source);
      const first = await upstream.opening(0);
      const body = buffer(await opening);
      first.write(bytes.subarray(0, 123_456));
      await turn();
      first.destroy(new Error('reset'));
      (await upstream.opening(1)).end(bytes.subarray(upstream.offsets[1]));
      expect((await body).equals(bytes)).to.equal(true);
      expect(upstream.offsets).to.deep.equal([0, 123_456]);
    });

    it('gives up after a few tries that brought nothing, and begins anew for others', async () => {
      let tries = 0;
      const broken: Source = async () => {
        tries += 1;
        const content = new Readable({ read: () => content.destroy(new Error('reset')) });
        return { sizeBytes: bytes.length, content };
      };
      expect(await failureOf(buffer(await open(broken)))).to.be.an('error');
      expect(tries).to.equal(5);
      expect((await buffer(await open(wholeUpstream(bytes)))).equals(bytes)).to.equal(true);
    });

    it('takes neither fewer bytes than announced nor more', async () => {
      for (const sizeBytes of [bytes.length + 1, bytes.length - 1]) {
        const source: Source = async (offset) => ({
          sizeBytes,
          content: Readable.from([bytes.subarray(offset)], { objectMode: false }),
        });
        expect(await failureOf(buffer(await open(source)))).to.be.an('error');
        await fill.settle();
        await blobStore.discard(sharedStaging(digest));
      }
      expect(await blobStore.find(digest)).to.equal(undefined);
    });

    it('refuses an upstream whose size is not the one of the descriptor', async () => {
      const source = wholeUpstream(bytes);
      const failure = await failureOf(fill.open({ digest, source, sizeBytes: 5 }));
      expect(failure).to.be.instanceOf(UpstreamFailure);
    });
  });

  describe('a small blob', () => {
    const small = randomBytes(64 * 1024);
    const wanted = { digest: digestOf(small), sizeBytes: small.length };

    it('is here before anybody reads it, for one question to the upstream', async () => {
      const upstream = new HeldUpstream(small.length);
      const opening = [0, 1].map(() => fill.open({ ...wanted, source: upstream.source }));
      (await upstream.opening(0)).end(small);
      for (const filled of await Promise.all(opening)) {
        expect(await blobStore.find(wanted.digest)).to.deep.equal({ sizeBytes: small.length });
        expect((await buffer(filled!.content)).equals(small)).to.equal(true);
      }
      expect(upstream.offsets).to.deep.equal([0]);
    });

    it('needs no turn of its site', async () => {
      await leases.take(`blob ${wanted.digest}`, 'another process', 60_000);
      const fetched = await fill.fetch({ ...wanted, source: wholeUpstream(small) });
      expect(fetched).to.deep.equal({ sizeBytes: small.length });
    });

    it('fails before any byte of it is given where the bytes are wrong', async () => {
      const source = wholeUpstream(randomBytes(small.length));
      const failure = await failureOf(fill.open({ ...wanted, source }));
      expect(failure).to.be.instanceOf(UpstreamFailure);
      expect(await blobStore.listStagings(new Date(8e15))).to.deep.equal([]);
    });
  });

  describe('fetch', () => {
    it('brings the blob, and tells once that it is proven', async () => {
      const told: [Digest, number][] = [];
      const onVerified = async (digest: Digest, sizeBytes: number): Promise<void> => {
        told.push([digest, sizeBytes]);
      };
      const wanted = { digest, source: wholeUpstream(bytes), onVerified };
      const outcomes = await Promise.all([fill.fetch(wanted), fill.fetch(wanted)]);
      expect(outcomes).to.deep.equal([{ sizeBytes: bytes.length }, { sizeBytes: bytes.length }]);
      expect(told).to.deep.equal([[digest, bytes.length]]);
    });

    it('does not ask the upstream for a blob that is here', async () => {
      await fill.fetch({ digest, source: wholeUpstream(bytes) });
      const upstream = new HeldUpstream(bytes.length);
      expect(await fill.fetch({ digest, source: upstream.source })).to.deep.equal({
        sizeBytes: bytes.length,
      });
      expect(upstream.offsets).to.deep.equal([]);
    });

    it('fails where the bytes are wrong', async () => {
      const source = wholeUpstream(randomBytes(bytes.length));
      expect(await failureOf(fill.fetch({ digest, source }))).to.be.instanceOf(UpstreamFailure);
    });

    it('knows nothing of what the upstream does not have', async () => {
      expect(await fill.fetch({ digest, source: async () => undefined })).to.equal(undefined);
    });
  });
});
