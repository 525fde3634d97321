import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { Bandwidth } from '../../../replication/copy/bandwidth.ts';
import { createTransfer } from '../../../replication/copy/transfer.ts';
import { runOne, type WorkOptions } from '../../../replication/copy/worker.ts';
import { type Clock, systemClock as clock } from '../../../src/clock.ts';
import { createArrival } from '../../../src/geo/arrival.ts';
import { createLog } from '../../../src/log.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { Turns } from '../../../src/registry/fill/turns.ts';
import { Fill } from '../../../src/registry/fill.ts';
import { StorageUnavailable } from '../../../src/storage/failure.ts';
import { MemoryLeases } from '../../../src/storage/memory/leases.ts';
import { MemoryUpstream } from '../../../src/storage/memory/upstream.ts';
import { UpstreamFailure } from '../../../src/storage/upstream.ts';
import { defer } from '../../support/deferred.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';

const log = createLog('silent');
const repository = 'acme/app' as RepositoryName;
const blob = randomBytes(300_000);
const digest = digestOf(blob);
const since = new Date();
const bandwidth = new Bandwidth([], clock);
const want = { digest, sizeBytes: blob.length, repository, lane: 'fresh', since } as const;

describe('the worker', () => {
  let ports: TestPorts;
  let upstream: MemoryUpstream;
  const never = new AbortController().signal;

  /** A worker of a process that has just started: it remembers nothing. */
  const startWorker = (
    source: Pick<MemoryUpstream, 'openBlob'> = upstream,
    turns = new Turns({ ...ports, clock, randomness, log }),
  ): WorkOptions => {
    const fill = new Fill({ ...ports, clock, turns, log });
    const onArrival = createArrival({ ...ports, clock });
    const bringHere = createTransfer({ ...ports, upstream: source, fill, onArrival, bandwidth });
    return { ...ports, bringHere, clock, randomness, log, holder: randomness.uuid() };
  };

  beforeEach(async () => {
    ports = await openMemoryPorts();
    upstream = new MemoryUpstream();
    upstream.putBlob(repository, digest, blob);
    await ports.metadata.linkBlob({ repository, digest, sizeBytes: blob.length, actor: '' });
    await ports.replicas.recordLost(digest);
    await ports.ledger.want([want]);
  });

  it('brings a wanted blob, proves it, and settles it', async () => {
    expect(await runOne(startWorker(), never)).to.equal('settled');
    expect(await ports.blobStore.find(digest)).to.deep.equal({ sizeBytes: blob.length });
    expect(await ports.replicas.findVerified(digest)).to.be.instanceOf(Date);
    expect(await ports.ledger.find(digest)).to.equal(undefined);
    expect(await runOne(startWorker(), never)).to.equal('idle');
  });

  it('asks for nothing that is here, or that no repository links any more', async () => {
    await runOne(startWorker(), never);
    await ports.ledger.want([want]);
    expect(await runOne(startWorker(), never)).to.equal('settled');
    expect(upstream.asked).to.deep.equal([`blob ${digest} 0`]);

    const other = digestOf('unlinked');
    await ports.ledger.want([{ ...want, digest: other }]);
    expect(await runOne(startWorker(), never)).to.equal('settled');
    expect(upstream.asked).to.have.lengthOf(1);
  });

  it('keeps a failed blob back, and says why', async () => {
    upstream.failure = new UpstreamFailure('answered with 429', { status: 429 });
    expect(await runOne(startWorker(), never)).to.equal('failed');
    const entry = await ports.ledger.find(digest);
    expect(entry).to.include({ state: 'failed', reason: 'refused', attempts: 1 });
    expect(entry).to.include({ message: 'answered with 429' });
    expect(entry!.nextTryAt!.getTime()).to.be.greaterThan(Date.now());
  });

  it('tells a line that is down from a blob that is not there', async () => {
    upstream.failure = new UpstreamFailure('does not answer');
    expect(await runOne(startWorker(), never)).to.equal('no-line');
    upstream.failure = undefined;
    const gone = digestOf('gone');
    await ports.metadata.linkBlob({ repository, digest: gone, sizeBytes: 1, actor: '' });
    await ports.replicas.recordLost(gone);
    await ports.ledger.want([{ ...want, digest: gone }]);
    expect(await runOne(startWorker(), never)).to.equal('failed');
  });

  it('tries a blob soon after the line is back, however long that was down', async () => {
    upstream.failure = new UpstreamFailure('does not answer');
    let now = Date.now();
    const later = { ...startWorker(), clock: { ...clock, now: () => new Date(now) } };
    for (let tries = 0; tries < 12; tries += 1) {
      now += 600_000;
      expect(await runOne(later, never)).to.equal('no-line');
    }
    const { nextTryAt, attempts } = (await ports.ledger.find(digest))!;
    expect(attempts).to.equal(12);
    expect(nextTryAt!.getTime() - now).to.be.at.most(10_000);
  });

  it('never keeps bytes that have another digest', async () => {
    upstream.putBlob(repository, digest, randomBytes(blob.length));
    expect(await runOne(startWorker(), never)).to.equal('failed');
    expect(await ports.blobStore.find(digest)).to.equal(undefined);
    expect(await ports.replicas.findVerified(digest)).to.equal(undefined);
    expect(await ports.blobStore.listStagings(new Date(Date.now() + 1000))).to.deep.equal([]);
  });

  it('renews its lease again after the ledger was away for a moment', async () => {
    const { clock: stepped, step } = steppedClock();
    const brought = defer();
    const bringHere = () => brought.promise;
    let renewals = 0;
    ports.ledger.advance = async () => {
      renewals += 1;
      if (renewals === 1) throw new StorageUnavailable('away');
      return true;
    };
    const running = runOne({ ...startWorker(), bringHere, clock: stepped }, never);
    for (let steps = 0; steps < 8; steps += 1) await step();
    expect(renewals).to.be.greaterThan(2);
    brought.resolve();
    expect(await running).to.equal('settled');
  });

  it('leaves a blob that another process brings, and looks at it again later', async () => {
    await ports.leases.take(`blob ${digest}`, 'another process', 60_000);
    const begun = Date.now();
    expect(await runOne(startWorker(), never)).to.equal('elsewhere');
    expect(await ports.ledger.find(digest)).to.include({ state: 'transferring', attempts: 1 });
    expect(await runOne(startWorker(), never)).to.equal('idle');
    await ports.leases.release(`blob ${digest}`, 'another process');
    const later = { ...clock, now: () => new Date(begun + 6000) };
    expect(await runOne({ ...startWorker(), clock: later }, never)).to.equal('settled');
    expect(upstream.asked).to.deep.equal([`blob ${digest} 0`]);
  });

  it('goes on behind the bytes that a killed worker had fetched', async () => {
    // The first worker gets a part of the bytes and then hangs, as one that was killed does.
    const killed = new AbortController();
    const half = 131_072;
    const hanging = {
      openBlob: async () => {
        return { sizeBytes: blob.length, content: stall(half, () => killed.abort()) };
      },
    };
    // Its turn is over by the time that the next one comes, and it does nothing about that.
    const dead = { ...clock, sleep: () => new Promise<void>(() => undefined) };
    const leases = new MemoryLeases({ clock });
    const turns = new Turns({ leases, clock: dead, randomness, log });
    expect(await runOne(startWorker(hanging, turns), killed.signal)).to.equal('failed');
    const later = {
      ...startWorker(),
      clock: { ...clock, now: () => new Date(Date.now() + 600_000) },
    };
    expect(await runOne(later, never)).to.equal('settled');
    expect(upstream.asked.at(-1)).to.equal(`blob ${digest} ${half}`);
    expect(await ports.replicas.findVerified(digest)).to.be.instanceOf(Date);
  });
});

/** A clock on which a sleep ends with each step. */
function steppedClock(): { readonly clock: Clock; readonly step: () => Promise<void> } {
  const sleepers: (() => void)[] = [];
  const sleep: Clock['sleep'] = (_, signal) =>
    new Promise((resolve, reject) => {
      sleepers.push(resolve);
      signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    });
  const step = async () => {
    for (const wake of sleepers.splice(0)) wake();
    await setImmediate();
  };
  return { clock: { ...clock, sleep }, step };
}

/** So many bytes of the blob, and then nothing more for ever. */
function stall(bytes: number, onStalled: () => void): Readable {
  let isSent = false;
  return new Readable({
    read() {
      if (!isSent) this.push(blob.subarray(0, bytes));
      else void setImmediate().then(onStalled);
      isSent = true;
    },
  });
}
