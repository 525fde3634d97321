/**
 * How much there is and how much of it is proven to be here: rows that are only ever added, so that
 * no two pushes wait for each other; a reader folds them. Triggers write them, since many writers
 * change what is counted. Also here: what a blob must say of itself to be counted.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // No sequence: one that is used in the transaction that made it begins again after a crash.
  await knex.raw(`
    CREATE TABLE replica_counts (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      manifests bigint NOT NULL DEFAULT 0,
      complete_manifests bigint NOT NULL DEFAULT 0,
      blobs bigint NOT NULL DEFAULT 0,
      blob_bytes bigint NOT NULL DEFAULT 0,
      verified_blobs bigint NOT NULL DEFAULT 0,
      verified_bytes bigint NOT NULL DEFAULT 0
    )`);
  await knex.raw(`
    ALTER TABLE blobs
      ADD COLUMN is_linked boolean NOT NULL DEFAULT false,
      ADD COLUMN heard_at timestamptz NOT NULL DEFAULT now()`);
  await knex.raw(`
    UPDATE blobs SET is_linked = true
    WHERE EXISTS (SELECT FROM blob_links WHERE blob_links.digest = blobs.digest)`);
  await knex.raw(`
    CREATE INDEX blobs_by_verification ON blobs (verified_at, digest)
    WHERE verified_at IS NOT NULL AND is_linked`);
  await knex.raw(`
    INSERT INTO replica_counts (blobs, blob_bytes, verified_blobs, verified_bytes)
    SELECT count(*), coalesce(sum(size_bytes), 0), count(verified_at),
           coalesce(sum(size_bytes) FILTER (WHERE verified_at IS NOT NULL), 0)
    FROM blobs WHERE is_linked`);
  await createLinkTriggers(knex);
  await createCountTrigger(knex);
}

/** A blob is counted while a repository links it. The lock makes the last one to go the last. */
async function createLinkTriggers(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION note_link() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        UPDATE blobs SET is_linked = true WHERE digest = NEW.digest AND NOT is_linked;
      ELSE
        PERFORM FROM blobs WHERE digest = OLD.digest FOR NO KEY UPDATE;
        UPDATE blobs SET is_linked = false
        WHERE digest = OLD.digest AND is_linked
          AND NOT EXISTS (SELECT FROM blob_links WHERE digest = OLD.digest);
      END IF;
      RETURN NULL;
    END $$`);
  await knex.raw(`
    CREATE TRIGGER note_link AFTER INSERT OR DELETE ON blob_links
    FOR EACH ROW EXECUTE FUNCTION note_link()`);
}

async function createCountTrigger(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION count_blob() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      was integer := CASE WHEN TG_OP <> 'INSERT' AND OLD.is_linked THEN 1 ELSE 0 END;
      now_is integer := CASE WHEN TG_OP <> 'DELETE' AND NEW.is_linked THEN 1 ELSE 0 END;
      was_here integer := CASE WHEN was = 1 AND OLD.verified_at IS NOT NULL THEN 1 ELSE 0 END;
      is_here integer := CASE WHEN now_is = 1 AND NEW.verified_at IS NOT NULL THEN 1 ELSE 0 END;
      old_bytes bigint := CASE WHEN was = 1 THEN coalesce(OLD.size_bytes, 0) ELSE 0 END;
      new_bytes bigint := CASE WHEN now_is = 1 THEN coalesce(NEW.size_bytes, 0) ELSE 0 END;
    BEGIN
      IF (was, was_here, old_bytes) IS DISTINCT FROM (now_is, is_here, new_bytes) THEN
        INSERT INTO replica_counts (blobs, blob_bytes, verified_blobs, verified_bytes)
        VALUES (now_is - was, new_bytes - old_bytes, is_here - was_here,
                new_bytes * is_here - old_bytes * was_here);
      END IF;
      RETURN NULL;
    END $$`);
  await knex.raw(`
    CREATE TRIGGER count_blob AFTER INSERT OR UPDATE OR DELETE ON blobs
    FOR EACH ROW EXECUTE FUNCTION count_blob()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER count_blob ON blobs');
  await knex.raw('DROP TRIGGER note_link ON blob_links');
  await knex.raw('DROP FUNCTION count_blob, note_link');
  await knex.raw('DROP INDEX blobs_by_verification');
  await knex.raw('ALTER TABLE blobs DROP COLUMN is_linked, DROP COLUMN heard_at');
  await knex.schema.dropTable('replica_counts');
}
