/**
 * How long it is kept that an upstream had no such tag: for a minute, against whoever asks for what
 * nobody has; for long where the answer of an upstream below it rests on that.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX cached_tags_absent');
  await knex.raw('ALTER TABLE cached_tags ADD COLUMN absent_until timestamptz');
  await knex.raw(`
    UPDATE cached_tags SET absent_until = checked_at + interval '60 s' WHERE digest IS NULL`);
  await knex.raw(`
    CREATE INDEX cached_tags_absent ON cached_tags (upstream, absent_until) WHERE digest IS NULL`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX cached_tags_absent');
  await knex.raw('ALTER TABLE cached_tags DROP COLUMN absent_until');
  await knex.raw(`
    CREATE INDEX cached_tags_absent ON cached_tags (upstream, checked_at) WHERE digest IS NULL`);
}
