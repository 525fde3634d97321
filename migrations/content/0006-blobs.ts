/** Blobs that facts name, and when their bytes were proven to be at this site. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // The size is unknown for a blob that was verified before a fact named it.
  await knex.raw(`
    CREATE TABLE blobs (
      digest text COLLATE "C" PRIMARY KEY,
      size_bytes bigint,
      verified_at timestamptz
    )`);
  await knex.raw('CREATE INDEX blobs_wanted ON blobs (digest) WHERE verified_at IS NULL');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('blobs');
}
