/** Tags. One that points to no manifest cannot be. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE tags (
      repository text COLLATE "C" NOT NULL,
      name text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL,
      PRIMARY KEY (repository, name),
      FOREIGN KEY (repository, digest) REFERENCES manifests ON DELETE CASCADE
    )`);
  await knex.raw('CREATE INDEX tags_by_digest ON tags (repository, digest)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('tags');
}
