/** What is in the cache, as people see it. */
import type { CacheEntry, Usage } from '../../virtual/cache.ts';
import type { Database, Statement } from '../database.ts';
import { withoutNulls } from './registries.ts';

/** The manifest, and the manifests below it, of the entry `page`. */
const BELOW = `
  WITH RECURSIVE below (digest) AS (
    SELECT page.digest
    UNION
    SELECT part.digest FROM below JOIN cached_parts AS part
      ON part.upstream = page.upstream AND part.image = page.image
        AND part.manifest = below.digest AND part.is_manifest
  )`;

/** Each blob once, however many of the manifests name it. */
const DESCRIBE = `
  SELECT page.upstream, page.image, page.tag, page.digest, one.media_type AS "mediaType",
    CAST(size.manifests + size.blobs AS bigint) AS "sizeBytes", page.checked_at AS "checkedAt",
    page.pulls + CASE WHEN page.tag IS NULL THEN 0 ELSE one.pulls END AS pulls,
    page.pulled_at AS "pulledAt"
  FROM page
  JOIN cached_manifests AS one
    ON one.upstream = page.upstream AND one.image = page.image AND one.digest = page.digest
  CROSS JOIN LATERAL (
    ${BELOW}
    SELECT (
      SELECT coalesce(sum(known.size_bytes), 0) FROM below JOIN cached_manifests AS known
        ON known.upstream = page.upstream AND known.image = page.image
          AND known.digest = below.digest
      WHERE known.content IS NOT NULL
    ) AS manifests, (
      SELECT coalesce(sum(blob.size_bytes), 0) FROM (
        SELECT DISTINCT ON (part.digest) part.size_bytes
        FROM below JOIN cached_parts AS part
          ON part.upstream = page.upstream AND part.image = page.image
            AND part.manifest = below.digest
        WHERE NOT part.is_manifest AND part.is_here
        ORDER BY part.digest
      ) AS blob
    ) AS blobs
  ) AS size`;

const TAGS = `
  SELECT upstream, image, tag AS reference, tag, digest, checked_at, pulls, pulled_at, used_at
  FROM cached_tags WHERE digest IS NOT NULL`;
const MANIFESTS = `
  SELECT upstream, image, digest AS reference, NULL AS tag, digest, checked_at, pulls, pulled_at,
    used_at
  FROM cached_manifests WHERE is_entry`;

/** A page of each, by its index, makes a page of both. */
const LIST: Statement = {
  name: 'list-cached',
  text: `WITH page AS (
           (${TAGS} AND upstream = $1 AND (image, tag) > ($2, $3) AND image >= $4 AND image < $5
            ORDER BY image, tag LIMIT $6)
           UNION ALL
           (${MANIFESTS} AND upstream = $1 AND (image, digest) > ($2, $3)
              AND image >= $4 AND image < $5
            ORDER BY image, digest LIMIT $6)
           ORDER BY image, reference LIMIT $6
         )
         ${DESCRIBE} ORDER BY page.image, page.reference`,
};
const LIST_UNUSED: Statement = {
  name: 'list-unused',
  text: `WITH page AS (
           SELECT page.* FROM unnest($1::text[]) AS listed (name) CROSS JOIN LATERAL (
             (${TAGS} AND upstream = listed.name AND used_at < $2 ORDER BY used_at LIMIT $3)
             UNION ALL
             (${MANIFESTS} AND upstream = listed.name AND used_at < $2 ORDER BY used_at LIMIT $3)
           ) AS page ORDER BY used_at LIMIT $3
         )
         ${DESCRIBE} ORDER BY page.used_at`,
};
const MEASURE: Statement = {
  name: 'measure-cache',
  text: `SELECT
           (SELECT count(*) FROM cached_tags WHERE upstream = ANY($1) AND digest IS NOT NULL)
             + (SELECT count(*) FROM cached_manifests WHERE upstream = ANY($1) AND is_entry)
             AS entries,
           (SELECT coalesce(sum(size_bytes), 0) FROM cached_manifests
            WHERE upstream = ANY($1) AND content IS NOT NULL)::bigint
             + (SELECT coalesce(sum(size_bytes), 0) FROM (
                  SELECT DISTINCT ON (digest) size_bytes FROM cached_parts
                  WHERE upstream = ANY($1) AND NOT is_manifest AND is_here ORDER BY digest
                ) AS blob)::bigint AS "sizeBytes"`,
};

interface EntryPage {
  readonly upstream: string;
  readonly prefix?: string;
  readonly after?: { readonly image: string; readonly reference: string };
  readonly limit: number;
}

/** Behind every letter of an image's name. */
const LAST = '~';

/** See `VirtualCache.listEntries`. */
export async function listEntries(database: Database, page: EntryPage): Promise<CacheEntry[]> {
  const { upstream, prefix = '', after, limit } = page;
  const from = [after?.image ?? '', after?.reference ?? ''];
  const values = [upstream, ...from, prefix, `${prefix}${LAST}`, limit];
  return (await database.query<CacheEntry>(LIST, values)).map(withoutNulls);
}

/** See `VirtualCache.listUnused`. */
export async function listUnused(
  database: Database,
  upstreams: readonly string[],
  { before, limit }: { readonly before: Date; readonly limit: number },
): Promise<CacheEntry[]> {
  const rows = await database.query<CacheEntry>(LIST_UNUSED, [upstreams, before, limit]);
  return rows.map(withoutNulls);
}

/** See `VirtualCache.measure`. */
export async function measureCache(
  database: Database,
  upstreams: readonly string[],
): Promise<Usage> {
  return (await database.query<Usage>(MEASURE, [upstreams]))[0]!;
}
