/** Counts of what somebody does too often, by any key, each for a while. */
import type { RateLimiterAbstract } from 'rate-limiter-flexible';

/** How much is borne in `duration` seconds. */
export interface Limit {
  readonly keyPrefix: string;
  readonly points: number;
  readonly duration: number;
}

export type Limiter = Pick<RateLimiterAbstract, 'get' | 'penalty' | 'reward' | 'delete'>;

/** In this process. The library is loaded when there is something to count: it takes a while. */
export function openInMemory(limit: Limit): Limiter {
  let opening: Promise<Limiter> | undefined;
  const open = () => {
    opening ??= load(limit).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    get: async (key) => (opening ? (await opening).get(key) : null),
    penalty: async (key, points) => (await open()).penalty(key, points),
    reward: async (key, points) => (await open()).reward(key, points),
    delete: async (key) => (opening ? (await opening).delete(key) : false),
  };
}

/**
 * In each of several processes its share of what is borne, rounded up: so all of them together bear
 * hardly more than one would. Nothing tells which process answers whom.
 */
export function openShares(processes: number): (limit: Limit) => Limiter {
  return (limit) => openInMemory({ ...limit, points: Math.ceil(limit.points / processes) });
}

async function load(limit: Limit): Promise<Limiter> {
  const { RateLimiterMemory } = await import('rate-limiter-flexible');
  return new RateLimiterMemory(limit);
}
