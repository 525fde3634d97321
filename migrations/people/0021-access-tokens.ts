/**
 * Access tokens. They end with their account in the database itself: a token left behind would come
 * back to life with the next account of that name.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE access_tokens (
      id          text COLLATE "C" PRIMARY KEY,
      account     text COLLATE "C" NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
      label       text NOT NULL,
      secret_hash text NOT NULL,
      actions     jsonb NOT NULL,
      patterns    jsonb NOT NULL,
      expires_at  timestamptz
    )`);
  await knex.raw('CREATE INDEX access_tokens_by_account ON access_tokens (account, id)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE access_tokens');
}
