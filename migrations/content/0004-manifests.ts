/** Manifests with their bytes, and what a referrers list shows of them. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE manifests (
      repository text COLLATE "C" NOT NULL REFERENCES repositories,
      digest text COLLATE "C" NOT NULL,
      media_type text NOT NULL,
      size_bytes integer NOT NULL,
      content bytea NOT NULL,
      subject text COLLATE "C",
      artifact_type text COLLATE "C",
      annotations json NOT NULL,
      PRIMARY KEY (repository, digest)
    )`);
  // Bytes are read far more often than written: do not spend time on packing them.
  await knex.raw('ALTER TABLE manifests ALTER COLUMN content SET STORAGE EXTERNAL');
  await knex.raw(`
    CREATE INDEX manifests_by_subject ON manifests (repository, subject, digest)
    WHERE subject IS NOT NULL`);
  await knex.raw(`
    CREATE INDEX manifests_by_artifact_type
    ON manifests (repository, subject, artifact_type, digest) WHERE subject IS NOT NULL`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('manifests');
}
