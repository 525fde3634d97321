/** Join tokens that were given out and not used yet. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE invitations (
      token_hash text COLLATE "C" PRIMARY KEY,
      site       text NOT NULL,
      expires_at timestamptz NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE invitations');
}
