/**
 * The watermark of a secondary: the last moment of which the primary proved that nothing which was
 * committed until then is missing here. By the clock of this database.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE log_head ADD COLUMN proven_at timestamptz');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE log_head DROP COLUMN proven_at');
}
