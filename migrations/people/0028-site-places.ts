/** Where sites stand on the earth, and which of them are paused. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE sites
      ADD COLUMN place jsonb,
      ADD COLUMN is_paused boolean NOT NULL DEFAULT false`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE sites DROP COLUMN place, DROP COLUMN is_paused');
}
