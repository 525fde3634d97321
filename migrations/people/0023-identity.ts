/** Who this site is: one row, which the first machine of the site writes. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE identity (
      is_only     boolean PRIMARY KEY DEFAULT true CHECK (is_only),
      cluster     text NOT NULL,
      site        text NOT NULL,
      private_key text NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE identity');
}
