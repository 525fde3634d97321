import type { Redis } from 'ioredis';
import { MemoryLedger } from '../../src/storage/memory/ledger.ts';
import { openRedis } from '../../src/storage/redis/connection.ts';
import { RedisLedger } from '../../src/storage/redis/ledger.ts';
import { requireRedis } from '../support/redis.ts';
import { describeLedgerContract } from './suites/ledger.ts';

describeLedgerContract('memory', async () => ({
  ledger: new MemoryLedger(),
  lose: async () => new MemoryLedger(),
}));

describe('with a server', () => {
  let redis: Redis | undefined;

  describeLedgerContract('Redis', async (test) => {
    redis ??= await openRedis(await requireRedis(test));
    const server = redis;
    const empty = async () => {
      await server.flushdb();
      await server.script('FLUSH');
    };
    await empty();
    const ledger = new RedisLedger(server, 'tokyo');
    return { ledger, lose: async () => (await empty(), ledger) };
  });

  after(() => redis?.disconnect());
});
