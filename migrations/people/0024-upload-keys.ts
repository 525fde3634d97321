/** The ring of keys that sign upload states, shared by the machines of this site. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE upload_keys (
      kid        text COLLATE "C" PRIMARY KEY,
      secret     text NOT NULL,
      created_at timestamptz NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE upload_keys');
}
