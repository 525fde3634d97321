/** The webhooks, and what is told to them: each event once for each webhook that wanted it. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE webhooks (
      name text COLLATE "C" PRIMARY KEY,
      url text NOT NULL,
      secret text,
      is_enabled boolean NOT NULL,
      wants json NOT NULL
    )`);
  // Where next_try_at is null, it may be tried at once: no clock but the sender's is asked.
  await knex.raw(`
    CREATE TABLE deliveries (
      nth bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
      webhook text COLLATE "C" NOT NULL REFERENCES webhooks ON DELETE CASCADE,
      event_id text COLLATE "C" NOT NULL,
      subject text COLLATE "C" NOT NULL,
      event json NOT NULL,
      state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
      attempts integer NOT NULL DEFAULT 0,
      queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      tried_at timestamptz,
      next_try_at timestamptz,
      reason text,
      message text,
      UNIQUE (webhook, event_id)
    )`);
  await knex.raw('CREATE INDEX deliveries_by_state ON deliveries (webhook, state, nth)');
  await knex.raw('CREATE INDEX deliveries_by_webhook ON deliveries (webhook, nth)');
  await knex.raw(`
    CREATE INDEX deliveries_by_time ON deliveries (webhook, next_try_at NULLS FIRST, nth)
    WHERE state = 'waiting'`);
  await knex.raw(`
    CREATE INDEX deliveries_by_subject ON deliveries (webhook, subject, nth)
    WHERE state = 'waiting'`);
  await knex.raw('CREATE INDEX deliveries_settled ON deliveries (state, tried_at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE deliveries');
  await knex.raw('DROP TABLE webhooks');
}
