/**
 * What may be garbage is queued for a review, by triggers, in the transaction that may have left it
 * behind, whoever writes: a push, another site's facts, a snapshot. Nothing is decided here. Also
 * here: which bytes were removed, what was collected and can be brought back, and the runs.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE garbage_reviews (
      kind text NOT NULL CHECK (kind IN ('manifest', 'link', 'blob')),
      repository text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL,
      queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (kind, repository, digest)
    )`);
  await knex.raw('CREATE INDEX garbage_reviews_by_time ON garbage_reviews (kind, queued_at)');
  // Null where the bytes were never removed, or were found or brought here since.
  await knex.raw(`
    ALTER TABLE blobs
      ADD COLUMN removal text,
      ADD COLUMN is_removing boolean NOT NULL DEFAULT false,
      ADD COLUMN removed_at timestamptz`);
  await knex.raw(`
    CREATE INDEX blobs_by_removal ON blobs (removed_at) WHERE removal IS NOT NULL`);
  await knex.raw(`
    CREATE TABLE garbage_bin (
      kind text NOT NULL CHECK (kind IN ('manifest', 'link')),
      repository text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL,
      size_bytes bigint NOT NULL,
      media_type text,
      content bytea,
      run text COLLATE "C" NOT NULL,
      collected_at timestamptz NOT NULL,
      PRIMARY KEY (kind, repository, digest)
    )`);
  await knex.raw('CREATE INDEX garbage_bin_by_time ON garbage_bin (collected_at)');
  await knex.raw(`
    CREATE TABLE garbage_runs (
      id text COLLATE "C" PRIMARY KEY,
      ended_at timestamptz NOT NULL,
      run json NOT NULL
    )`);
  await knex.raw('CREATE INDEX garbage_runs_by_time ON garbage_runs (ended_at)');
  await queueLinks(knex);
  await queueManifests(knex);
  await queueWhatThereIs(knex);
}

/**
 * A link is queued when it is new, and when a manifest that used it goes; a blob when its last link
 * goes. The triggers of each row (0012) come first and lock the blob, so one of two is the last.
 */
async function queueLinks(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION review_links() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        INSERT INTO garbage_reviews (kind, repository, digest)
        SELECT 'link', repository, digest FROM touched ORDER BY repository, digest
        ON CONFLICT (kind, repository, digest) DO UPDATE SET queued_at = excluded.queued_at;
      ELSE
        DELETE FROM garbage_reviews AS review USING touched
        WHERE review.kind = 'link' AND review.repository = touched.repository
          AND review.digest = touched.digest;
        INSERT INTO garbage_reviews (kind, repository, digest)
        SELECT DISTINCT 'blob', '', digest FROM touched
        WHERE NOT EXISTS (SELECT FROM blob_links WHERE blob_links.digest = touched.digest)
        ORDER BY digest
        ON CONFLICT (kind, repository, digest) DO UPDATE SET queued_at = excluded.queued_at;
      END IF;
      RETURN NULL;
    END $$`);
  await runAfter(knex, 'INSERT ON blob_links', 'review_links');
  await runAfter(knex, 'DELETE ON blob_links', 'review_links');
}

/**
 * A manifest is queued when it is new, when a tag leaves it, and when an index that named it, or
 * its subject, goes.
 */
async function queueManifests(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION review_manifests() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_TABLE_NAME = 'manifests' AND TG_OP = 'DELETE' THEN
        DELETE FROM garbage_reviews AS review USING touched
        WHERE review.kind = 'manifest' AND review.repository = touched.repository
          AND review.digest = touched.digest;
        INSERT INTO garbage_reviews (kind, repository, digest)
        SELECT DISTINCT 'manifest', referrer.repository, referrer.digest
        FROM touched JOIN manifests AS referrer
          ON referrer.repository = touched.repository AND referrer.subject = touched.digest
        ORDER BY 2, 3
        ON CONFLICT (kind, repository, digest) DO UPDATE SET queued_at = excluded.queued_at;
      ELSE
        INSERT INTO garbage_reviews (kind, repository, digest)
        SELECT DISTINCT 'manifest', manifests.repository, manifests.digest
        FROM touched JOIN manifests USING (repository, digest)
        ORDER BY 2, 3
        ON CONFLICT (kind, repository, digest) DO UPDATE SET queued_at = excluded.queued_at;
      END IF;
      RETURN NULL;
    END $$`);
  await runAfter(knex, 'INSERT ON manifests', 'review_manifests');
  await runAfter(knex, 'DELETE ON manifests', 'review_manifests');
  await runAfter(knex, 'UPDATE ON tags', 'review_manifests');
  await runAfter(knex, 'DELETE ON tags', 'review_manifests');
  await knex.raw(`
    CREATE FUNCTION review_children() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO garbage_reviews (kind, repository, digest)
      SELECT 'link', link.repository, link.digest
      FROM touched JOIN blob_links AS link
        ON link.repository = touched.repository AND link.digest = touched.child
      WHERE NOT touched.is_manifest
      UNION
      SELECT 'manifest', manifests.repository, manifests.digest
      FROM touched JOIN manifests
        ON manifests.repository = touched.repository AND manifests.digest = touched.child
      WHERE touched.is_manifest
      ORDER BY 1, 2, 3
      ON CONFLICT (kind, repository, digest) DO UPDATE SET queued_at = excluded.queued_at;
      RETURN NULL;
    END $$`);
  await runAfter(knex, 'DELETE ON manifest_edges', 'review_children');
}

/** @param event such as `DELETE ON tags` */
async function runAfter(knex: Knex, event: string, run: string): Promise<void> {
  const [what] = event.split(' ') as [string];
  await knex.raw(`
    CREATE TRIGGER ${run}_${what.toLowerCase()} AFTER ${event}
    REFERENCING ${what === 'INSERT' ? 'NEW' : 'OLD'} TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION ${run}()`);
}

/** What was left behind before there was a queue. */
async function queueWhatThereIs(knex: Knex): Promise<void> {
  await knex.raw(`
    INSERT INTO garbage_reviews (kind, repository, digest)
    SELECT 'link', repository, digest FROM blob_links
    UNION ALL SELECT 'manifest', repository, digest FROM manifests
    UNION ALL SELECT 'blob', '', digest FROM blobs WHERE NOT is_linked`);
}

export async function down(knex: Knex): Promise<void> {
  for (const event of ['insert', 'delete']) {
    await knex.raw(`DROP TRIGGER review_links_${event} ON blob_links`);
    await knex.raw(`DROP TRIGGER review_manifests_${event} ON manifests`);
  }
  for (const event of ['update', 'delete']) {
    await knex.raw(`DROP TRIGGER review_manifests_${event} ON tags`);
  }
  await knex.raw('DROP TRIGGER review_children_delete ON manifest_edges');
  await knex.raw('DROP FUNCTION review_links, review_manifests, review_children');
  await knex.raw('DROP TABLE garbage_reviews, garbage_bin, garbage_runs');
  await knex.raw(`
    ALTER TABLE blobs DROP COLUMN removal, DROP COLUMN is_removing, DROP COLUMN removed_at`);
}
