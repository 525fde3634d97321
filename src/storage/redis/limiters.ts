/** Counts of failures in Redis, for all machines of the site; in memory while Redis is away. */
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';

/** So many `points` in `duration` seconds. */
interface Limit {
  readonly keyPrefix: string;
  readonly points: number;
  readonly duration: number;
}

/** @param site whose counts these are; several sites may share one Redis. */
export function createRedisLimiter(redis: Redis, site: string, limit: Limit): RateLimiterRedis {
  const shared = { ...limit, keyPrefix: `meridian:{${site}}:${limit.keyPrefix}` };
  return new RateLimiterRedis({
    ...shared,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory(shared),
  });
}
