/** What came of the calls to each virtual registry at this site. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE virtual_counts (
      registry text COLLATE "C" PRIMARY KEY REFERENCES virtual_registries ON DELETE CASCADE,
      hits bigint NOT NULL,
      stale bigint NOT NULL,
      misses bigint NOT NULL,
      bytes_to_clients bigint NOT NULL,
      bytes_from_upstreams bigint NOT NULL,
      calls_saved bigint NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('virtual_counts');
}
