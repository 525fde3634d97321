/**
 * How each webhook wants to be written to, and how patient its queue is; of a delivery, what it
 * tells of, since pulls are the first that are dropped.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // Dropped: pulls that were never told, since there was no room for them.
  await knex.raw(`
    ALTER TABLE webhooks
      ADD COLUMN settings json NOT NULL DEFAULT '{}',
      ADD COLUMN dropped bigint NOT NULL DEFAULT 0`);
  await knex.raw(`
    ALTER TABLE deliveries ADD COLUMN type text NOT NULL DEFAULT 'image.complete'`);
  await knex.raw(`
    CREATE INDEX deliveries_of_pulls ON deliveries (webhook, nth) WHERE type = 'pull'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX deliveries_of_pulls');
  await knex.raw('ALTER TABLE deliveries DROP COLUMN type');
  await knex.raw('ALTER TABLE webhooks DROP COLUMN settings, DROP COLUMN dropped');
}
