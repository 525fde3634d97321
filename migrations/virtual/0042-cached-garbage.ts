/**
 * Bytes of a blob that left the cache are queued for a review, as those of one whose last link
 * went: in the transaction that took it out, whatever took it out. No fact ever named them, so they
 * get their row here.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION review_cached_blobs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO blobs (digest, removal, removed_at)
      SELECT DISTINCT digest, 'left the cache', clock_timestamp() FROM touched
      WHERE is_here ORDER BY digest
      ON CONFLICT (digest) DO NOTHING;
      INSERT INTO garbage_reviews (kind, repository, digest)
      SELECT DISTINCT 'blob', '', digest FROM touched JOIN blobs USING (digest)
      WHERE NOT is_linked AND NOT EXISTS (
        SELECT FROM cached_parts AS part
        WHERE part.digest = touched.digest AND NOT part.is_manifest)
      ORDER BY digest
      ON CONFLICT (kind, repository, digest) DO UPDATE SET queued_at = excluded.queued_at;
      RETURN NULL;
    END $$`);
  await knex.raw(`
    CREATE TRIGGER review_cached_blobs_delete AFTER DELETE ON cached_parts
    REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION review_cached_blobs()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER review_cached_blobs_delete ON cached_parts');
  await knex.raw('DROP FUNCTION review_cached_blobs');
}
