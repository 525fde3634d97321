/** Who does what only one process of a site may do, and until when. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE leases (
      name   text COLLATE "C" PRIMARY KEY,
      holder text NOT NULL,
      until  timestamptz NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE leases');
}
