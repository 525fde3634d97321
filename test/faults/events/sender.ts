/**
 * The sender of events alone, as a program that tests kill: `node sender.js DATABASE_URL`. It leads
 * at once, where a worker would wait for the lease of the one that was killed.
 */
import { notify } from '../../../replication/notify/notify.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { HttpCourier } from '../../../src/storage/http/courier.ts';
import { Database } from '../../../src/storage/postgres/database.ts';
import { PostgresOutbox } from '../../../src/storage/postgres/events/outbox.ts';
import { PostgresWebhooks } from '../../../src/storage/postgres/events/webhooks.ts';

const database = await Database.open({ url: process.argv[2]! });
await notify(
  {
    webhooks: new PostgresWebhooks(database),
    outbox: new PostgresOutbox(database),
    courier: new HttpCourier({ networks: ['127.0.0.0/8'], timeoutMs: 5000 }),
    identity: { cluster: 'test' },
    site: 'tokyo',
    webhookAttempts: 1000,
    webhookExpiryMs: 3_600_000,
    webhookOutbox: 100_000,
    clock,
    randomness,
    log: createLog('silent'),
  },
  new AbortController().signal,
);
