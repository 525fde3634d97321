import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { createPauseCheck, lanesOf, work } from '../../../replication/copy/worker.ts';
import { systemClock } from '../../../src/clock.ts';
import { Bell } from '../../../src/geo/bell.ts';
import { createLog } from '../../../src/log.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { LANES, type Lane } from '../../../src/storage/geo/ledger.ts';
import { MemoryLedger } from '../../../src/storage/memory/ledger.ts';
import { defer } from '../../support/deferred.ts';

const log = createLog('silent');
const since = new Date(0);

const settle = async () => {
  for (let turns = 0; turns < 20; turns += 1) await setImmediate();
};

const takesBackfill = (workers: number) =>
  Array.from({ length: workers }, (_, n) => lanesOf(n, workers).includes('backfill'));

/** Nothing passes by itself: whoever sleeps is woken by a ring or by the end. */
const sleep = (_: number, signal?: AbortSignal) =>
  new Promise<void>((_resolve, reject) => {
    if (signal?.aborted) reject(new Error('aborted'));
    signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });

/** Four workers, of which none ever ends what it began unless it is told to. */
function openStand() {
  const ledger = new MemoryLedger();
  const begun: Digest[] = [];
  const ending = new Map<Digest, ReturnType<typeof defer>>();
  const bringHere = async ({ digest }: { readonly digest: Digest }) => {
    begun.push(digest);
    ending.set(digest, defer());
    await ending.get(digest)!.promise;
  };
  const stop = new AbortController();
  let now = 0;
  const clock = { ...systemClock, now: () => new Date(now), sleep };
  let isPausedNow = false;
  const site = { name: 'tokyo', url: '', publicKey: {} };
  const sites = { findSite: async () => ({ ...site, isPaused: isPausedNow }) };
  const isPaused = createPauseCheck(sites, 'tokyo', clock);
  const bells = Array.from({ length: 4 }, () => new Bell(clock));
  const workers = bells.map((bell, number) => {
    const own = { holder: `worker-${number}`, lanes: lanesOf(number, 4) };
    return work({ ledger, bringHere, clock, randomness, log, isPaused, ...own }, bell, stop.signal);
  });
  return {
    begun,
    want: async (names: readonly string[], lane: Lane) => {
      const common = { sizeBytes: 1, repository: 'acme/app', lane, since };
      await ledger.want(names.map((name) => ({ digest: digestOf(name), ...common })));
      for (const bell of bells) bell.ring();
      await settle();
    },
    end: async (name: string) => {
      ending.get(digestOf(name))!.resolve(undefined);
      await settle();
    },
    pause: async (value: boolean) => {
      isPausedNow = value;
      now += 1000;
      for (const bell of bells) bell.ring();
      await settle();
    },
    close: async () => {
      stop.abort();
      await Promise.all(workers);
    },
  };
}

describe('the lanes of the workers', () => {
  let stand: ReturnType<typeof openStand>;

  beforeEach(() => {
    stand = openStand();
  });

  afterEach(() => stand.close());

  it('leave half of the workers to what is fresh or asked for', () => {
    expect(takesBackfill(1)).to.deep.equal([true]);
    expect(takesBackfill(2)).to.deep.equal([false, true]);
    expect(takesBackfill(4)).to.deep.equal([false, false, true, true]);
    expect(lanesOf(3, 4)).to.deep.equal(LANES);
  });

  it('let what is pushed now begin at once behind any backfill', async () => {
    const old = Array.from({ length: 100 }, (_, n) => `old ${n}`);
    await stand.want(old, 'backfill');
    expect(stand.begun).to.have.lengthOf(2);
    await stand.want(['new'], 'fresh');
    await stand.want(['asked for'], 'demand');
    expect(stand.begun.slice(2)).to.deep.equal(['new', 'asked for'].map((name) => digestOf(name)));
    await stand.end('new');
    expect(stand.begun).to.have.lengthOf(4);
    await stand.want(['newer'], 'fresh');
    expect(stand.begun.at(-1)).to.equal(digestOf('newer'));
  });

  it('rest while the site is paused, and go on when it is resumed', async () => {
    await stand.pause(true);
    await stand.want(['a', 'b'], 'fresh');
    expect(stand.begun).to.deep.equal([]);
    await stand.pause(false);
    expect(stand.begun).to.have.members([digestOf('a'), digestOf('b')]);
  });
});
