/** The change log: one row per fact, in commit order, without gaps. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // json and not jsonb: a fact is given on as it was written, also where a text holds "\u0000".
  await knex.raw(`
    CREATE TABLE changes (
      position bigint PRIMARY KEY,
      epoch integer NOT NULL,
      at timestamptz NOT NULL,
      fact json NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('changes');
}
