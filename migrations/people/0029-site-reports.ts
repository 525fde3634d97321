/**
 * What each site last said of itself; at a primary. Written every second or two, so the row is
 * updated in place: no index but the key, and room for it in the page.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE site_reports (
      site     text COLLATE "C" PRIMARY KEY,
      heard_at timestamptz NOT NULL,
      figures  jsonb NOT NULL
    ) WITH (fillfactor = 50)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE site_reports');
}
