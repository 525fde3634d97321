import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { pauseMs } from '../../replication/backoff.ts';
import { gather } from '../../replication/gather.ts';
import { lead } from '../../replication/leader.ts';
import { keepUp } from '../../replication/upkeep/upkeep.ts';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { MemoryLeases } from '../../src/storage/memory/leases.ts';
import { openMemoryPorts } from '../support/ports.ts';

const log = createLog('silent');

const chance = (byte: number) => ({
  uuid: () => '',
  bytes: (n: number) => Buffer.alloc(n, byte),
});

async function* lineByLine() {
  yield 'a';
  // Long enough for whoever looks whether more has arrived.
  for (let turns = 0; turns < 5; turns += 1) await turn();
  for (const line of ['b', 'c', 'd', 'e', 'f']) yield line;
}

async function* brokenLines() {
  yield* ['xxxxxx', 'yyyyyy', 'z'];
  throw new Error('broken');
}

async function* content() {
  yield Buffer.from('half an upload');
}

describe('pauses between tries', () => {
  const pace = { firstMs: 100, longestMs: 1000 };

  it('double with each try up to the longest, half of each being chance', () => {
    expect([1, 2, 3, 4, 5, 99].map((tries) => pauseMs(pace, tries, chance(0)))).to.deep.equal([
      50, 100, 200, 400, 500, 500,
    ]);
    expect([1, 5].map((tries) => pauseMs(pace, tries, chance(255)))).to.deep.equal([100, 1000]);
  });
});

describe('gathering what has arrived', () => {
  it('gives one at a time while little comes, and many at once while much does', async () => {
    const groups: string[][] = [];
    for await (const group of gather(lineByLine(), { items: 3, characters: 100 }))
      groups.push(group);
    expect(groups).to.deep.equal([['a'], ['b', 'c', 'd'], ['e', 'f']]);
  });

  it('is full by length too, and passes on what breaks', async () => {
    const groups: string[][] = [];
    const run = async () => {
      for await (const group of gather(brokenLines(), { items: 9, characters: 10 }))
        groups.push(group);
    };
    const failure = await run().catch((error: Error) => error.message);
    expect(groups).to.deep.equal([['xxxxxx', 'yyyyyy'], ['z']]);
    expect(failure).to.equal('broken');
  });
});

describe('leading', () => {
  it('lets one process at a time do the task, and the next when that one ends', async () => {
    const leases = new MemoryLeases({ clock: systemClock });
    const clock = {
      ...systemClock,
      sleep: (_: number, s?: AbortSignal) => systemClock.sleep(5, s),
    };
    const done: string[] = [];
    const start = (holder: string) => {
      const stop = new AbortController();
      const task = async (signal: AbortSignal) => {
        done.push(`${holder} leads`);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        done.push(`${holder} ends`);
      };
      const ended = lead({ leases, clock, log, holder }, task, stop.signal);
      return async () => {
        stop.abort();
        await ended;
      };
    };
    const [stopFirst, stopSecond] = [start('first'), start('second')];
    await sleep(30);
    expect(done).to.deep.equal(['first leads']);
    await stopFirst();
    await sleep(30);
    await stopSecond();
    expect(done).to.deep.equal(['first leads', 'first ends', 'second leads', 'second ends']);
  });
});

describe('upkeep', () => {
  const id = '0d9e1c52-4b0a-4b4a-9a3e-0d5a3c7c1a11';

  it('takes away uploads that expired and stagings that nobody came back for', async () => {
    const start = new Date();
    let now = start;
    const clock = { ...systemClock, now: () => now };
    const ports = await openMemoryPorts();
    const blobStore = new MemoryBlobStore({ clock });
    const options = { ...ports, tracker: ports.uploadTracker, blobStore, clock, randomness, log };
    await ports.uploadTracker.create({
      id,
      repository: 'acme/app' as RepositoryName,
      subject: '',
      algorithm: 'sha256',
      offset: 0,
      startedAt: start,
      expiresAt: new Date(start.getTime() + 48 * 3_600_000),
    });
    await blobStore.append(id, { offset: 0, content: content() });
    await blobStore.append('fill-of-a-killed-process', { offset: 0, content: content() });

    expect(await keepUp(options)).to.include({ uploads: 0, stagings: 0 });
    now = new Date(start.getTime() + 25 * 3_600_000);
    expect(await keepUp(options)).to.include({ uploads: 0, stagings: 1 });
    expect(await blobStore.listStagings(new Date(now.getTime() + 1))).to.deep.equal([id]);
    now = new Date(start.getTime() + 49 * 3_600_000);
    expect(await keepUp(options)).to.include({ uploads: 1, stagings: 0 });
    expect(await blobStore.listStagings(new Date(now.getTime() + 1))).to.deep.equal([]);
    expect(await keepUp(options)).to.include({ uploads: 0, stagings: 0 });
  });
});
