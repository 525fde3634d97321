/** The sites of the cluster, with the public keys of their tokens. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sites (
      name       text COLLATE "C" PRIMARY KEY,
      url        text NOT NULL,
      public_key jsonb NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE sites');
}
