/** Accounts and what they may. Grants are read whole with their account, so they lie in its row. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE accounts (
      name               text COLLATE "C" PRIMARY KEY,
      kind               text NOT NULL CHECK (kind IN ('person', 'robot')),
      password_hash      text,
      is_disabled        boolean NOT NULL,
      tokens_valid_after timestamptz NOT NULL,
      grants             jsonb NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE accounts');
}
