/**
 * Groups, which are accounts that nobody logs in as, robots that end by themselves, and people whom
 * an identity provider knows.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE accounts
      DROP CONSTRAINT accounts_kind_check,
      ADD CONSTRAINT accounts_kind_check CHECK (kind IN ('person', 'robot', 'group')),
      ADD COLUMN groups        jsonb,
      ADD COLUMN expires_at    timestamptz,
      ADD COLUMN owner         text COLLATE "C",
      ADD COLUMN subject       text COLLATE "C",
      ADD COLUMN external_name text`);
  // Not unique: a site applies facts one by one, and the primary sees to it.
  await knex.raw(`
    CREATE INDEX accounts_by_subject ON accounts (subject) WHERE subject IS NOT NULL`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("DELETE FROM accounts WHERE kind = 'group'");
  await knex.raw(`
    ALTER TABLE accounts
      DROP CONSTRAINT accounts_kind_check,
      ADD CONSTRAINT accounts_kind_check CHECK (kind IN ('person', 'robot')),
      DROP COLUMN groups, DROP COLUMN expires_at, DROP COLUMN owner, DROP COLUMN subject,
      DROP COLUMN external_name`);
}
