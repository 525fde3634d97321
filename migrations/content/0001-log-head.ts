/** Where the change log of this site stands, and whether the site may append to it: one row. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE log_head (
      is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
      position bigint NOT NULL DEFAULT 0,
      epoch integer NOT NULL DEFAULT 1,
      role text NOT NULL DEFAULT 'primary' CHECK (role IN ('primary', 'secondary'))
    ) WITH (fillfactor = 10)`);
  await knex.raw('INSERT INTO log_head DEFAULT VALUES');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('log_head');
}
