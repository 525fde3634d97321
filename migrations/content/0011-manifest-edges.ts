/**
 * What each manifest names: blobs, and the children of an index. Written with the manifest, and
 * gone with it by its trigger (0014): a foreign key would be looked up for each row of a push. No
 * release was made before this table, so there are no older manifests to read.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE manifest_edges (
      repository text COLLATE "C" NOT NULL,
      parent text COLLATE "C" NOT NULL,
      child text COLLATE "C" NOT NULL,
      is_manifest boolean NOT NULL,
      PRIMARY KEY (repository, parent, child, is_manifest)
    )`);
  await knex.raw(`
    CREATE INDEX manifest_edges_by_child
    ON manifest_edges (child, is_manifest, repository, parent)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('manifest_edges');
}
