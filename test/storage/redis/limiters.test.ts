import { expect } from 'chai';
import { LockOut } from '../../../src/auth/lock-out.ts';
import { openRedis } from '../../../src/storage/redis/connection.ts';
import { createRedisLimiter } from '../../../src/storage/redis/limiters.ts';
import { requireRedis } from '../../support/redis.ts';

describe('limiters in Redis', () => {
  const attempt = { name: 'ann', secret: 'wrong', address: '192.0.2.1' };
  const site = `limits-${process.pid}`;

  function lockOutOn(redis: Awaited<ReturnType<typeof openRedis>>): LockOut {
    return new LockOut({
      key: 'key',
      openLimiter: (limit) => createRedisLimiter(redis, site, limit),
    });
  }

  async function isLocked(lockOut: LockOut): Promise<boolean> {
    return lockOut.check(attempt).then(
      () => false,
      () => true,
    );
  }

  it('are shared by all machines, and do without Redis while it is away', async function () {
    const redis = await openRedis(await requireRedis(this));
    try {
      const [one, other] = [lockOutOn(redis), lockOutOn(redis)];
      for (let count = 0; count < 10; count += 1) await one.countFailure(attempt, `${count}`);
      expect(await isLocked(other)).to.equal(true);
      expect(await other.wasRefused(attempt, '0')).to.equal(true);
      await other.forgive(attempt);
      expect(await isLocked(one)).to.equal(false);
      redis.disconnect();
      for (let count = 0; count < 10; count += 1) await one.countFailure(attempt, `${count}`);
      expect(await isLocked(one)).to.equal(true);
    } finally {
      redis.disconnect();
    }
  });
});
