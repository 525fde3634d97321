/** Refresh tokens of this site. They point to no account: accounts travel, these stay. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE refresh_tokens (
      secret_hash  text COLLATE "C" PRIMARY KEY,
      family       text COLLATE "C" NOT NULL,
      account      text COLLATE "C" NOT NULL,
      access_token text,
      service      text NOT NULL,
      issued_at    timestamptz NOT NULL,
      expires_at   timestamptz NOT NULL
    )`);
  await knex.raw('CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family)');
  await knex.raw('CREATE INDEX refresh_tokens_by_account ON refresh_tokens (account)');
  await knex.raw('CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE refresh_tokens');
}
