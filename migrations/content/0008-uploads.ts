/** Upload sessions. A lease lets one request at a time write. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE uploads (
      id text COLLATE "C" PRIMARY KEY,
      repository text COLLATE "C" NOT NULL,
      subject text COLLATE "C" NOT NULL,
      algorithm text NOT NULL,
      "offset" bigint NOT NULL,
      started_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      writer text,
      leased_until timestamptz
    )`);
  await knex.raw('CREATE INDEX uploads_by_expiry ON uploads (expires_at)');
  await knex.raw('CREATE INDEX uploads_by_subject ON uploads (subject)');
  await knex.raw('CREATE INDEX uploads_by_repository ON uploads (repository)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('uploads');
}
