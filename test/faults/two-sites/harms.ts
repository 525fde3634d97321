/** What goes wrong in a round, and when: chosen by a seed, so that it can be looked at again. */
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { signalAll, signalFamily } from '../process-tree.ts';
import { findPostmaster, type Place, type Sites } from './sites.ts';

type Harm = (sites: Sites, random: () => number) => Promise<void>;

const HARMS: Readonly<Record<string, Harm>> = {
  'FLUSHALL at lisbon': ({ lisbon }) => flush(lisbon),
  'FLUSHALL at tokyo': ({ tokyo }) => flush(tokyo),
  'kill of the worker': async ({ lisbon }) => lisbon.worker.kill(),
  'kill of the registry at lisbon': async ({ lisbon }) => lisbon.serve.kill(),
  'power cut of the registry at tokyo': async ({ tokyo }) => tokyo.serve.kill(),
  'kill of the registry at tokyo': async ({ tokyo }) => tokyo.serve.kill('alone'),
  'kill of the database at tokyo': ({ tokyo }, random) => killDatabase(tokyo, random),
  'kill of the database at lisbon': ({ lisbon }, random) => killDatabase(lisbon, random),
  'kill of Redis at lisbon': async ({ lisbon }) => lisbon.redis.kill(),
};

export interface Planned {
  readonly name: string;
  /** So long after the round began. */
  readonly atMs: number;
}

/** From one to three, in the order of their times. */
export function planHarms(random: () => number, withinMs: number): Planned[] {
  const names = Object.keys(HARMS);
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    name: names[Math.floor(random() * names.length)]!,
    atMs: Math.round(random() * withinMs),
  })).toSorted((one, other) => one.atMs - other.atMs);
}

/** Does them at their times. */
export async function doHarms(
  planned: readonly Planned[],
  sites: Sites,
  random: () => number,
): Promise<void> {
  let passedMs = 0;
  for (const { name, atMs } of planned) {
    await wait(atMs - passedMs);
    passedMs = atMs;
    await HARMS[name]!(sites, random);
  }
}

/** One that is away just now has nothing to lose. */
async function flush({ redisUrl }: Place): Promise<void> {
  const redis = new Redis(redisUrl, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  await redis.flushall().catch(() => undefined);
  redis.disconnect();
}

/** All of its processes at once, or the first of them alone, which the others have to notice. */
async function killDatabase(place: Place, random: () => number): Promise<void> {
  const pid = await findPostmaster(place);
  if (pid === undefined) return;
  if (random() < 0.5) signalFamily(pid, 'SIGKILL');
  else signalAll([pid], 'SIGKILL');
}
