/** Repositories. They stay when everything in them is deleted. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE repositories (
      name text COLLATE "C" PRIMARY KEY,
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('repositories');
}
