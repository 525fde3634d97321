/** Which repositories hold which blobs. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE blob_links (
      repository text COLLATE "C" NOT NULL REFERENCES repositories,
      digest text COLLATE "C" NOT NULL REFERENCES blobs,
      size_bytes bigint NOT NULL,
      PRIMARY KEY (repository, digest)
    )`);
  await knex.raw('CREATE INDEX blob_links_by_digest ON blob_links (digest, repository)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('blob_links');
}
