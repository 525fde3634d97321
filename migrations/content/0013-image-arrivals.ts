/** Which images are whole at which site: this site's own until the primary has them, and all. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE own_arrivals (
      repository text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL,
      at timestamptz NOT NULL,
      is_told boolean NOT NULL DEFAULT false,
      PRIMARY KEY (repository, digest)
    )`);
  await knex.raw(`
    CREATE INDEX own_arrivals_untold ON own_arrivals (at, repository, digest) WHERE NOT is_told`);
  await knex.raw(`
    CREATE TABLE image_arrivals (
      repository text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL,
      site text COLLATE "C" NOT NULL,
      at timestamptz NOT NULL,
      PRIMARY KEY (repository, digest, site)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('image_arrivals');
  await knex.schema.dropTable('own_arrivals');
}
