/** The log of administrative acts of this site. It points to no account: it outlives them. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_log (
      id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at      timestamptz NOT NULL,
      actor   text NOT NULL,
      address text NOT NULL,
      agent   text NOT NULL,
      method  text NOT NULL,
      path    text COLLATE "C" NOT NULL,
      outcome text NOT NULL,
      status  integer,
      fields  jsonb
    )`);
  await knex.raw('CREATE INDEX audit_log_by_time ON audit_log (at)');
  await knex.raw('CREATE INDEX audit_log_by_actor ON audit_log (actor, id)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE audit_log');
}
