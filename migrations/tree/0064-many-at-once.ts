/**
 * Triggers that cost little for each row where much goes at once. They do what they did: what a
 * statement took away is looked at once for all of it, and what nothing names is not looked for.
 */
import type { Knex } from 'knex';

/**
 * A function of SQL is planned at each call. Whether there is any parent is asked by a statement of
 * the trigger, which sees what was committed before it, as the function does.
 */
const ADD_MISSING = (child: string, isManifest: boolean, more: string) => {
  const repository = isManifest ? 'it.repository' : 'NULL';
  const inIt = isManifest ? 'AND repository = it.repository' : '';
  return `
    IF EXISTS (SELECT FROM manifest_edges
               WHERE child = ${child} AND is_manifest = ${isManifest} ${inIt}) THEN
      PERFORM add_missing(${child}, ${isManifest}, ${repository}, ${more});
    END IF;`;
};

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION note_blob() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      was_here boolean := TG_OP = 'UPDATE' AND OLD.verified_at IS NOT NULL;
      is_here boolean := NEW.verified_at IS NOT NULL;
    BEGIN
      IF was_here <> is_here THEN
        ${ADD_MISSING('NEW.digest', false, 'CASE WHEN is_here THEN -1 ELSE 1 END')}
      END IF;
      RETURN NULL;
    END $$`);
  await replaceNoteManifest(knex);
  await replaceNoteLink(knex);
}

async function replaceNoteManifest(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION note_manifest() RETURNS trigger LANGUAGE plpgsql AS $$
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
        ${ADD_MISSING('it.digest', true, 'was_whole - is_whole')}
      END IF;
      IF now_is = 0 THEN
        IF EXISTS (SELECT FROM manifest_edges
                   WHERE repository = it.repository AND parent = it.digest) THEN
          DELETE FROM manifest_edges WHERE repository = it.repository AND parent = it.digest;
        END IF;
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
}

/**
 * Blobs lose their links in the order of their digests. By its name this trigger comes before those
 * that count: a blob is locked before a quota, as in a push.
 */
async function replaceNoteLink(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION blobs_lose_links() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM FROM blobs WHERE digest = ANY (ARRAY(SELECT DISTINCT digest FROM touched))
      ORDER BY digest FOR NO KEY UPDATE;
      UPDATE blobs SET is_linked = false
      WHERE digest = ANY (ARRAY(SELECT DISTINCT digest FROM touched)) AND is_linked
        AND NOT EXISTS (SELECT FROM blob_links WHERE blob_links.digest = blobs.digest);
      RETURN NULL;
    END $$`);
  await knex.raw('DROP TRIGGER note_link ON blob_links');
  await knex.raw(`
    CREATE TRIGGER note_link AFTER INSERT ON blob_links
    FOR EACH ROW EXECUTE FUNCTION note_link()`);
  await knex.raw(`
    CREATE TRIGGER blobs_lose_links AFTER DELETE ON blob_links
    REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION blobs_lose_links()`);
}

/** The functions that were there before do the same: they stay as they are now. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER blobs_lose_links ON blob_links');
  await knex.raw('DROP TRIGGER note_link ON blob_links');
  await knex.raw('DROP FUNCTION blobs_lose_links');
  await knex.raw(`
    CREATE TRIGGER note_link AFTER INSERT OR DELETE ON blob_links
    FOR EACH ROW EXECUTE FUNCTION note_link()`);
}
