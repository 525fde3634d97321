/** How pulls are counted, many at once. */
import type { Knex } from 'knex';
import type { Pull } from '../../virtual/cache.ts';

/** As `lockPlace` does, and in order: so no two wait for each other. */
const LOCK_UPSTREAMS = 'SELECT FROM upstreams WHERE name = ANY(?) ORDER BY name FOR KEY SHARE';
const LOCK_PLACES = `
  SELECT pg_advisory_xact_lock(hashtextextended(place, 1))
  FROM (SELECT DISTINCT unnest(CAST(? AS text[])) AS place ORDER BY place) AS places`;

/**
 * A pull counts for what was read, and keeps that in use, the indexes that name it, and all tags
 * on those.
 */
const COUNT = `
  WITH pulled AS (
    SELECT upstream, image, digest, tag, sum(times) AS times, max(at) AS at
    FROM unnest(CAST(:upstreams AS text[]), CAST(:images AS text[]), CAST(:digests AS text[]),
                CAST(:tags AS text[]), CAST(:dates AS timestamptz[]), CAST(:times AS bigint[]))
         AS pull (upstream, image, digest, tag, at, times)
    GROUP BY upstream, image, digest, tag
  ), read AS (
    SELECT upstream, image, digest, CAST(sum(times) AS bigint) AS times, max(at) AS at
    FROM (
      SELECT upstream, image, digest, CASE WHEN tag IS NULL THEN times ELSE 0 END AS times, at
      FROM pulled
      UNION ALL
      SELECT upstream, image, part.manifest, 0, pulled.at
      FROM pulled JOIN cached_parts AS part USING (upstream, image, digest)
      WHERE part.is_manifest
    ) AS each GROUP BY upstream, image, digest
  ), counted AS (
    UPDATE cached_manifests AS one
    SET pulls = pulls + read.times, pulled_at = greatest(pulled_at, read.at)
    FROM read
    WHERE one.upstream = read.upstream AND one.image = read.image AND one.digest = read.digest
  ), tagged AS (
    SELECT upstream, image, tag, CAST(sum(times) AS bigint) AS times, max(at) AS at
    FROM (
      SELECT upstream, image, tag, times, at FROM pulled WHERE tag IS NOT NULL
      UNION ALL
      SELECT upstream, image, one.tag, 0, read.at
      FROM read JOIN cached_tags AS one USING (upstream, image, digest)
    ) AS each GROUP BY upstream, image, tag
  )
  UPDATE cached_tags AS one
  SET pulls = pulls + tagged.times, pulled_at = greatest(pulled_at, tagged.at)
  FROM tagged
  WHERE one.upstream = tagged.upstream AND one.image = tagged.image AND one.tag = tagged.tag`;

/** Counts the pulls; what is not there any more is passed over. */
export async function countPulls(trx: Knex.Transaction, pulls: readonly Pull[]): Promise<void> {
  const upstreams = pulls.map(({ upstream }) => upstream);
  await trx.raw(LOCK_UPSTREAMS, [upstreams]);
  await trx.raw(LOCK_PLACES, [pulls.map(({ upstream, image }) => `${upstream} ${image}`)]);
  await trx.raw(COUNT, {
    upstreams,
    images: pulls.map(({ image }) => image),
    digests: pulls.map(({ digest }) => digest),
    tags: pulls.map(({ tag }) => tag ?? null),
    dates: pulls.map(({ at }) => at),
    times: pulls.map(({ times = 1 }) => times),
  });
}
