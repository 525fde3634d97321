/**
 * What the status of a secondary should say, worked out from the rows of its facts and the entries
 * of its ledger alone: no counter of the product is read, and manifests are parsed anew.
 */
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';

export interface Truth {
  readonly position: number;
  readonly manifests: number;
  readonly wholeManifests: number;
  readonly blobs: number;
  readonly verifiedBlobs: number;
  /** Of the blobs that lack. */
  readonly bytes: number;
}

/** One statement, hence one moment. A child that is not there makes its index lack something. */
const READ_TRUTH = `
  WITH RECURSIVE named AS MATERIALIZED (
    SELECT repository, manifests.digest AS parent, part.json->>'digest' AS child, part.is_manifest
    FROM manifests
    CROSS JOIN LATERAL (SELECT convert_from(content, 'UTF8')::jsonb AS json) AS body
    CROSS JOIN LATERAL (
      SELECT body.json->'config' AS json, false AS is_manifest WHERE body.json ? 'config'
      UNION ALL SELECT jsonb_array_elements(body.json->'layers'), false
      UNION ALL SELECT jsonb_array_elements(body.json->'manifests'), true
    ) AS part
  ), lacking AS (
    (SELECT named.repository, parent FROM named
     LEFT JOIN blobs ON NOT is_manifest AND blobs.digest = child
     LEFT JOIN manifests AS there
       ON is_manifest AND there.repository = named.repository AND there.digest = child
     WHERE blobs.verified_at IS NULL AND there.digest IS NULL)
    UNION
    SELECT named.repository, named.parent
    FROM named JOIN lacking
      ON named.is_manifest AND named.repository = lacking.repository
      AND named.child = lacking.parent
  ), linked AS (
    SELECT digest, max(blob_links.size_bytes) AS size,
           bool_or(verified_at IS NOT NULL) AS is_here
    FROM blob_links JOIN blobs USING (digest) GROUP BY digest
  )
  SELECT (SELECT position FROM log_head)::int AS position,
    (SELECT count(*) FROM manifests)::int AS manifests,
    (SELECT count(*) FROM manifests)::int - (SELECT count(*) FROM lacking)::int
      AS "wholeManifests",
    (SELECT count(*) FROM linked)::int AS blobs,
    (SELECT count(*) FROM linked WHERE is_here)::int AS "verifiedBlobs",
    (SELECT coalesce(sum(size), 0) FROM linked WHERE NOT is_here)::float8 AS bytes`;

export async function readTruth(database: Pool): Promise<Truth> {
  return (await database.query<Truth>(READ_TRUTH)).rows[0]!;
}

/** Rows of each table of facts, as text that is the same at two sites with the same facts. */
const TABLES: Readonly<Record<string, string>> = {
  repositories: 'SELECT name AS row FROM repositories',
  manifests: `SELECT concat_ws(' ', repository, digest, media_type, encode(sha256(content), 'hex'))
              AS row FROM manifests`,
  tags: `SELECT concat_ws(' ', repository, name, digest) AS row FROM tags`,
  links: `SELECT concat_ws(' ', repository, digest, size_bytes) AS row FROM blob_links`,
  accounts: `SELECT concat_ws(' ', name, kind, is_disabled) AS row FROM accounts`,
  sites: 'SELECT name AS row FROM sites',
};

export type Facts = Readonly<Record<string, readonly string[]>>;

export async function readFacts(database: Pool): Promise<Facts> {
  const facts: Record<string, readonly string[]> = {};
  for (const [name, sql] of Object.entries(TABLES)) {
    const { rows } = await database.query<{ row: string }>(sql);
    facts[name] = rows.map(({ row }) => row).toSorted();
  }
  return facts;
}

/** Entries of the ledger by their state; no counter is looked at. */
export interface LedgerTruth {
  readonly wanted: number;
  readonly transferring: number;
  readonly failed: number;
}

export async function readLedger(redis: Redis, site: string): Promise<LedgerTruth> {
  const counts = { wanted: 0, transferring: 0, failed: 0 };
  const keys = await redis.keys(`meridian:{${site}}:ledger:entry:*`);
  for (const key of keys) {
    const state = (await redis.hget(key, 'state')) as keyof LedgerTruth | null;
    if (state) counts[state] += 1;
  }
  return counts;
}
