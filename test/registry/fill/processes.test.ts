import { randomBytes } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { Turns } from '../../../src/registry/fill/turns.ts';
import { Fill, type Source } from '../../../src/registry/fill.ts';
import type { BlobStore } from '../../../src/storage/blob-store.ts';
import { MemoryBlobStore } from '../../../src/storage/memory/blob-store.ts';
import { MemoryLeases } from '../../../src/storage/memory/leases.ts';
import { UpstreamFailure } from '../../../src/storage/upstream.ts';

const log = createLog('silent');
const bytes = randomBytes(300_000);
const digest = digestOf(bytes);
const sizeBytes = bytes.length;

/** An upstream whose every opening is a stream in the test's hands. */
class HeldUpstream {
  readonly offsets: number[] = [];
  readonly streams: PassThrough[] = [];

  readonly source: Source = async (offset) => {
    this.offsets.push(offset);
    const content = new PassThrough();
    this.streams.push(content);
    return { sizeBytes, content };
  };

  /** The stream of the n-th opening, once it was opened. */
  async opening(index: number): Promise<PassThrough> {
    while (!this.streams[index]) await sleep(1);
    return this.streams[index];
  }
}

/** The time of the leases and of one process, both in the test's hands. */
function openTime() {
  let [aheadMs, isAlive] = [0, true];
  const now = () => new Date(Date.now() + aheadMs);
  /** Of a process that can be stopped: then nothing of it wakes up. */
  const mortal: Clock = {
    now,
    elapsedMs: () => performance.now() + aheadMs,
    sleep: async (milliseconds, signal) => {
      await systemClock.sleep(milliseconds, signal);
      if (!isAlive) await new Promise(() => undefined);
    },
  };
  const leases = new MemoryLeases({ clock: { ...systemClock, now } });
  const pass = (milliseconds: number) => (aheadMs += milliseconds);
  return { leases, mortal, pass, kill: () => (isAlive = false) };
}

const sleepLess: Clock['sleep'] = (milliseconds, signal) =>
  systemClock.sleep(milliseconds / 100, signal);

describe('the fills of several processes of a site', () => {
  let time: ReturnType<typeof openTime>;
  let blobStore: BlobStore;
  let upstream: HeldUpstream;

  beforeEach(() => {
    time = openTime();
    blobStore = new MemoryBlobStore({ clock: systemClock });
    upstream = new HeldUpstream();
  });

  const startProcess = (clock = systemClock): Fill => {
    const turns = new Turns({ leases: time.leases, clock, randomness, log });
    return new Fill({ blobStore, clock: systemClock, turns, log });
  };
  const open = async (
    fill: Fill,
    range?: { start: number; end: number },
    source = upstream.source,
  ): Promise<Readable> => {
    const filled = await fill.open({ digest, sizeBytes, source, ...(range ? { range } : {}) });
    return filled!.content;
  };

  it('ask the upstream once for all clients, early, late and ranged ones', async () => {
    const [one, other] = [startProcess(), startProcess()];
    const first = open(one);
    (await upstream.opening(0)).write(bytes.subarray(0, 100_000));
    await first;
    const rest = [open(other), open(one), open(other, { start: 50_000, end: 250_000 })];
    const read = Promise.all([first, ...rest].map(async (content) => buffer(await content)));
    upstream.streams[0]!.end(bytes.subarray(100_000));
    const [whole, elsewhere, again, ranged] = await read;
    for (const body of [whole, elsewhere, again]) expect(body!.equals(bytes)).to.equal(true);
    expect(ranged!.equals(bytes.subarray(50_000, 250_001))).to.equal(true);
    expect(upstream.offsets).to.deep.equal([0]);
  });

  it('give bytes that another process fetched before the last one has arrived', async () => {
    const [one, other] = [startProcess(), startProcess()];
    const first = await openAfter(upstream, open(one), 1000);
    const followed = await open(other);
    const chunk = await new Promise<Buffer>((resolve) => followed.once('data', resolve));
    expect(chunk.equals(bytes.subarray(0, 1000))).to.equal(true);
    upstream.streams[0]!.end(bytes.subarray(1000));
    expect((await buffer(followed)).length).to.equal(sizeBytes - 1000);
    await buffer(first);
  });

  it('tell of a blob once, in the process that brought it', async () => {
    const [one, other] = [startProcess(), startProcess()];
    const told: string[] = [];
    const wanted = (name: string) => ({
      digest,
      sizeBytes,
      source: upstream.source,
      onVerified: async () => void told.push(name),
    });
    const first = one.open(wanted('one'));
    (await upstream.opening(0)).end(bytes);
    const second = other.open(wanted('other'));
    await Promise.all([buffer((await first)!.content), buffer((await second)!.content)]);
    await Promise.all([one.settle(), other.settle()]);
    expect(told).to.deep.equal(['one']);
  });

  it('go on behind the last byte of a process that was killed, for its clients too', async () => {
    const [killed, other] = [startProcess(time.mortal), startProcess()];
    await openAfter(upstream, open(killed), 120_000);
    const waiting = open(other).then(buffer);
    time.kill();
    await sleep(30);
    expect(upstream.offsets).to.deep.equal([0]);
    time.pass(11_000);
    (await upstream.opening(1)).end(bytes.subarray(120_000));
    expect((await waiting).equals(bytes)).to.equal(true);
    expect(upstream.offsets).to.deep.equal([0, 120_000]);
  });

  it('write nothing more where they were stopped for so long that another went on', async () => {
    const [stopped, other] = [startProcess(time.mortal), startProcess()];
    const broken = (await openAfter(upstream, open(stopped), 120_000)).toArray().then(
      () => 'whole',
      () => 'broken',
    );
    time.kill();
    time.pass(11_000);
    const waiting = open(other).then(buffer);
    await upstream.opening(1);
    upstream.streams[0]!.end(randomBytes(180_000));
    expect(await broken).to.equal('broken');
    upstream.streams[1]!.end(bytes.subarray(120_000));
    expect((await waiting).equals(bytes)).to.equal(true);
  });

  it('try themselves where the process that they follow gives up', async () => {
    const [one, other] = [startProcess(), startProcess()];
    let tries = 0;
    const failing: Source = async (offset) => {
      tries += 1;
      if (tries === 1) return upstream.source(offset);
      throw new UpstreamFailure('does not answer');
    };
    const first = await openAfter(upstream, open(one, undefined, failing), 1000);
    const failed = buffer(first).catch((error: Error) => error);
    const followed = open(other).then(buffer);
    upstream.streams[0]!.destroy(new Error('reset'));
    (await upstream.opening(1)).end(bytes.subarray(1000));
    expect((await followed).equals(bytes)).to.equal(true);
    expect(await failed).to.be.an('error');
    expect(upstream.offsets).to.deep.equal([0, 1000]);
  }).timeout(10_000);

  it('say at once to a worker that the blob comes by another process', async () => {
    const [one, other] = [startProcess(), startProcess()];
    const reading = await openAfter(upstream, open(one), 1000);
    const wanted = { digest, sizeBytes, source: upstream.source };
    expect(await other.fetch(wanted)).to.equal('elsewhere');
    await other.settle();
    expect(other.size).to.equal(0);
    const followed = open(other).then(buffer);
    expect(await other.fetch(wanted)).to.equal('elsewhere');
    upstream.streams[0]!.end(bytes.subarray(1000));
    expect((await followed).equals(bytes)).to.equal(true);
    await buffer(reading);
    expect(await other.fetch(wanted)).to.deep.equal({ sizeBytes });
    expect(upstream.offsets).to.deep.equal([0]);
  });

  it('serve a client that comes while a worker of another process fetches', async () => {
    const [worker, server] = [startProcess(), startProcess()];
    const fetched = worker.fetch({ digest, sizeBytes, source: upstream.source });
    (await upstream.opening(0)).write(bytes.subarray(0, 1000));
    const read = open(server).then(buffer);
    await sleep(30);
    upstream.streams[0]!.end(bytes.subarray(1000));
    expect((await read).equals(bytes)).to.equal(true);
    expect(await fetched).to.deep.equal({ sizeBytes });
    expect(upstream.offsets).to.deep.equal([0]);
  });

  it('let a worker know that a client of another process waits', async () => {
    const worker = startProcess({ ...systemClock, sleep: sleepLess });
    const fetched = worker.fetch({ digest, sizeBytes, source: upstream.source });
    (await upstream.opening(0)).write(bytes.subarray(0, 1000));
    await sleep(60);
    expect(worker.isRead(digest)).to.equal(false);
    const read = open(startProcess()).then(buffer);
    while (!worker.isRead(digest)) await sleep(5);
    upstream.streams[0]!.end(bytes.subarray(1000));
    expect((await read).equals(bytes)).to.equal(true);
    await fetched;
  });

  it('fetch each for itself for a client where the store shows nothing of others', async () => {
    Object.defineProperty(blobStore, 'followsOthers', { value: false });
    const [one, other] = [startProcess(), startProcess()];
    const first = open(one).then(buffer);
    await upstream.opening(0);
    expect(await other.fetch({ digest, sizeBytes, source: upstream.source })).to.equal('elsewhere');
    const second = open(other).then(buffer);
    (await upstream.opening(1)).end(bytes);
    expect((await second).equals(bytes)).to.equal(true);
    upstream.streams[0]!.end(bytes);
    expect((await first).equals(bytes)).to.equal(true);
  });
});

/** The content, once the first opening of the upstream has given so many bytes. */
async function openAfter(
  upstream: HeldUpstream,
  opening: Promise<Readable>,
  count: number,
): Promise<Readable> {
  (await upstream.opening(0)).write(bytes.subarray(0, count));
  const content = await opening;
  await sleep(5);
  return content;
}
