/**
 * How many of the blobs and children that a manifest names are not whole here; 0 says that every
 * byte of it was verified. Triggers keep it in the transaction that changes what is known of a blob
 * or a child, whoever does: each statement of a trigger sees what was committed before it, so it
 * finds parents that were written while the row was locked.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE manifests ADD COLUMN missing integer NOT NULL DEFAULT 0');
  await knex.raw(`
    INSERT INTO replica_counts (manifests, complete_manifests)
    SELECT count(*), count(*) FROM manifests`);
  // Always in the order of the key, so that two that do so at once do not hold each other up.
  await knex.raw(`
    CREATE FUNCTION add_missing(
      of_child text, as_manifest boolean, of_repository text, more integer)
    RETURNS void LANGUAGE sql AS $$
      UPDATE manifests SET missing = missing + more
      FROM (
        SELECT parent.repository, parent.digest
        FROM manifest_edges AS edge
        JOIN manifests AS parent
          ON parent.repository = edge.repository AND parent.digest = edge.parent
        WHERE edge.child = of_child AND edge.is_manifest = as_manifest
          AND edge.repository = coalesce(of_repository, edge.repository)
        ORDER BY parent.repository, parent.digest
        FOR NO KEY UPDATE OF parent
      ) AS touched
      WHERE manifests.repository = touched.repository AND manifests.digest = touched.digest
    $$`);
  await createBlobTrigger(knex);
  await createManifestTrigger(knex);
}

async function createBlobTrigger(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION note_blob() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      was_here boolean := TG_OP = 'UPDATE' AND OLD.verified_at IS NOT NULL;
      is_here boolean := NEW.verified_at IS NOT NULL;
    BEGIN
      IF was_here <> is_here THEN
        PERFORM add_missing(NEW.digest, false, NULL, CASE WHEN is_here THEN -1 ELSE 1 END);
      END IF;
      RETURN NULL;
    END $$`);
  await knex.raw(`
    CREATE TRIGGER note_blob AFTER INSERT OR UPDATE OF verified_at ON blobs
    FOR EACH ROW EXECUTE FUNCTION note_blob()`);
}

/** A manifest that becomes whole is an arrival, and its parents lack one thing less. */
async function createManifestTrigger(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION note_manifest() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      was integer := CASE WHEN TG_OP = 'INSERT' THEN 0 ELSE 1 END;
      now_is integer := CASE WHEN TG_OP = 'DELETE' THEN 0 ELSE 1 END;
      was_whole integer := CASE WHEN was = 1 AND OLD.missing = 0 THEN 1 ELSE 0 END;
      is_whole integer := CASE WHEN now_is = 1 AND NEW.missing = 0 THEN 1 ELSE 0 END;
      it record := CASE WHEN now_is = 1 THEN NEW ELSE OLD END;
    BEGIN
      IF (was, was_whole) IS DISTINCT FROM (now_is, is_whole) THEN
        INSERT INTO replica_counts (manifests, complete_manifests)
        VALUES (now_is - was, is_whole - was_whole);
      END IF;
      IF was_whole <> is_whole THEN
        PERFORM add_missing(it.digest, true, it.repository, was_whole - is_whole);
      END IF;
      IF now_is = 0 THEN
        DELETE FROM manifest_edges WHERE repository = it.repository AND parent = it.digest;
        DELETE FROM own_arrivals WHERE repository = it.repository AND digest = it.digest;
        DELETE FROM image_arrivals WHERE repository = it.repository AND digest = it.digest;
      ELSIF is_whole > was_whole THEN
        INSERT INTO own_arrivals (repository, digest, at)
        SELECT it.repository, it.digest, clock_timestamp() FROM log_head WHERE role = 'secondary'
        ON CONFLICT DO NOTHING;
        IF FOUND THEN PERFORM pg_notify('arrivals', ''); END IF;
      END IF;
      RETURN NULL;
    END $$`);
  await knex.raw(`
    CREATE TRIGGER note_manifest AFTER INSERT OR UPDATE OF missing OR DELETE ON manifests
    FOR EACH ROW EXECUTE FUNCTION note_manifest()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER note_manifest ON manifests');
  await knex.raw('DROP TRIGGER note_blob ON blobs');
  await knex.raw('DROP FUNCTION note_manifest, note_blob, add_missing');
  await knex.raw('ALTER TABLE manifests DROP COLUMN missing');
}
