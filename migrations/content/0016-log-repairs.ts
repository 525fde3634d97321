/**
 * How often facts of this site were set right beside the log: whoever remembers facts reads it with
 * the head of the log, in the same row.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE log_head ADD COLUMN repairs bigint NOT NULL DEFAULT 0');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE log_head DROP COLUMN repairs');
}
