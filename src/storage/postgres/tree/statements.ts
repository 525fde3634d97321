/**
 * Statements of `NameTree`. Each walks an index from where the last page ended: it counts what it
 * walked, so that a search which finds little says where to go on. What is searched for is a value
 * that `strpos` compares, never a pattern.
 */
import { MAX_INDEX_BYTES, MAX_REFERRERS } from '../../tree/tree.ts';
import type { Statement } from '../database.ts';

const RANGE = 'AS range (low, high, rule, first, last)';
const RANGES = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) ${RANGE}`;
const IS_SEEN = `name >= range.low COLLATE "C" AND name < range.high COLLATE "C"
                 AND name ~ range.rule`;

/** The same, not to be walked by the index of names: the planner would read a whole range. */
const IS_SEEN_THERE = IS_SEEN.replaceAll(/name (?=[<>])/g, "(name || '') ");

/** Levels of names, each once: from one to the next without looking at what lies below it. */
function listLevels(name: string, column: string, within: string): Statement {
  const next = (from: string) => `
    SELECT ${column} AS word FROM repositories
    WHERE ${within} ${from} AND ${column} <= range.last COLLATE "C"
      AND ${IS_SEEN_THERE}
    ORDER BY group_name, project, name LIMIT 1`;
  const text = `
    WITH walked AS MATERIALIZED (
      SELECT steps.word AS name FROM ${RANGES} CROSS JOIN LATERAL (
        WITH RECURSIVE step AS (
          (${next(`${column} > $6 AND ${column} >= range.first COLLATE "C"`)})
          UNION ALL
          SELECT (${next(`${column} > step.word`)}) FROM step WHERE step.word IS NOT NULL
        )
        SELECT word FROM step WHERE word IS NOT NULL LIMIT $7
      ) AS steps GROUP BY steps.word ORDER BY steps.word LIMIT $7
    ), found AS (
      SELECT name FROM walked WHERE strpos(name, $8) > 0 ORDER BY name LIMIT $9
    )
    SELECT found.name, walk.count, walk.last
    FROM (SELECT count(*) AS count, max(name) AS last FROM walked) AS walk
    LEFT JOIN found ON true ORDER BY found.name`;
  return { name, text };
}

export const LIST_GROUPS = listLevels('list-groups', 'group_name', '');
export const LIST_PROJECTS = listLevels('list-projects', 'project', 'group_name = $10 AND');

export const LIST_IMAGES: Statement = {
  name: 'list-images',
  text: `
    WITH walked AS MATERIALIZED (
      SELECT seen.name FROM ${RANGES} CROSS JOIN LATERAL (
        SELECT name FROM repositories WHERE name > $6 AND ${IS_SEEN} ORDER BY name LIMIT $7
      ) AS seen ORDER BY seen.name LIMIT $7
    ), found AS (
      SELECT name FROM walked WHERE strpos(name, $8) > 0 ORDER BY name LIMIT $9
    )
    SELECT found.name, walk.count, walk.last, push.pushed_at AS "pushedAt",
      push.pushed_by AS "pushedBy"
    FROM (SELECT count(*) AS count, max(name) AS last FROM walked) AS walk
    LEFT JOIN found ON true
    LEFT JOIN LATERAL (
      SELECT pushed_at, pushed_by FROM tags WHERE repository = found.name
      ORDER BY pushed_at DESC, name DESC LIMIT 1
    ) AS push ON true
    ORDER BY found.name`,
};

/** All that a manifest names, once each; an index names manifests that name blobs. */
const SIZE = `
  WITH RECURSIVE named AS (
    SELECT tag.digest
    UNION
    SELECT edge.child FROM named JOIN manifest_edges AS edge
      ON edge.repository = $1 AND edge.parent = named.digest AND edge.is_manifest
  ), blob AS (
    SELECT DISTINCT edge.child AS digest FROM named JOIN manifest_edges AS edge
      ON edge.repository = $1 AND edge.parent = named.digest AND NOT edge.is_manifest
  )
  SELECT CAST((SELECT coalesce(sum(size_bytes), 0) FROM manifests JOIN named USING (digest)
               WHERE repository = $1)
            + (SELECT coalesce(sum(size_bytes), 0) FROM blob_links JOIN blob USING (digest)
               WHERE repository = $1) AS bigint) AS total`;
const REFERRERS = `
  SELECT json_agg(json_build_object('digest', digest, 'mediaType', media_type,
                                    'artifactType', artifact_type, 'sizeBytes', size_bytes)
                  ORDER BY digest) AS list
  FROM (SELECT * FROM manifests WHERE repository = $1 AND subject = tag.digest
        ORDER BY digest LIMIT ${MAX_REFERRERS}) AS referrer`;
const IS_READ = `
  manifest.size_bytes <= ${MAX_INDEX_BYTES} AND EXISTS (
    SELECT FROM manifest_edges
    WHERE repository = $1 AND parent = tag.digest AND is_manifest)`;

/** $2 is the name behind which it begins; in the order of pushes, $8 is its time. */
function listTags(order: 'name' | 'pushed', isDescending: boolean): Statement {
  const [sign, way, back] = isDescending ? ['<', 'DESC', 'ASC'] : ['>', 'ASC', 'DESC'];
  const columns = order === 'name' ? ['name'] : ['pushed_at', 'name'];
  const by = (direction: string) => columns.map((one) => `${one} ${direction}`).join(', ');
  const key = order === 'name' ? '$2::text COLLATE "C"' : '$8::timestamptz, $2::text COLLATE "C"';
  const text = `
    WITH walked AS MATERIALIZED (
      SELECT name, digest, pushed_at, pushed_by FROM tags
      WHERE repository = $1 AND (${columns.join(', ')}) ${sign} (${key})
        AND name >= $3 COLLATE "C" AND name < $4 COLLATE "C"
      ORDER BY ${by(way)} LIMIT $5
    ), tag AS MATERIALIZED (
      SELECT * FROM walked WHERE strpos(name, $6) > 0 ORDER BY ${by(way)} LIMIT $7
    ), walk AS (
      SELECT name AS last, pushed_at AS last_at, (SELECT count(*) FROM walked) AS count
      FROM walked ORDER BY ${by(back)} LIMIT 1
    )
    SELECT walk.count, walk.last, walk.last_at AS "lastAt", tag.name, tag.digest,
      tag.pushed_at AS "pushedAt", tag.pushed_by AS "pushedBy",
      manifest.media_type AS "mediaType", manifest.artifact_type AS "artifactType",
      size.total AS "sizeBytes", referrers.list AS referrers,
      CASE WHEN ${IS_READ} THEN manifest.content END AS index
    FROM walk LEFT JOIN tag ON true
    LEFT JOIN manifests AS manifest ON manifest.repository = $1 AND manifest.digest = tag.digest
    LEFT JOIN LATERAL (${SIZE}) AS size ON true
    LEFT JOIN LATERAL (${REFERRERS}) AS referrers ON true
    ORDER BY ${columns.map((one) => `tag.${one} ${way}`).join(', ')}`;
  return { name: `list-tags-by-${order}-${way.toLowerCase()}`, text };
}

export const LIST_TAGS = {
  name: [listTags('name', false), listTags('name', true)],
  pushed: [listTags('pushed', false), listTags('pushed', true)],
} as const;

/** Each digest once, in one walk through the range: to sort them would take longer than to hash. */
const sumOnce = (table: string) => `
  SELECT count(*) AS count, coalesce(sum(size_bytes), 0) AS bytes FROM (
    SELECT digest, max(size_bytes) AS size_bytes FROM range JOIN ${table}
      ON repository >= range.low COLLATE "C" AND repository < range.high COLLATE "C"
        AND (range.rule = '' OR repository ~ range.rule)
    GROUP BY digest
  ) AS ${table}_once`;

/** A tree of 100,000 images takes about a second; somebody may have more. */
const MEASURE_MS = 30_000;

export const MEASURE: Statement = {
  name: 'measure-branch',
  query_timeout: MEASURE_MS,
  text: `
    WITH range AS MATERIALIZED (
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS range (low, high, rule)
    ), held AS (
      SELECT count(*) AS count FROM range JOIN repositories
        ON name >= range.low COLLATE "C" AND name < range.high COLLATE "C"
          AND (range.rule = '' OR name ~ range.rule)
    ), manifest AS (${sumOnce('manifests')}), blob AS (${sumOnce('blob_links')})
    SELECT held.count AS repositories, manifest.count AS manifests, blob.count AS blobs,
      CAST(manifest.bytes + blob.bytes AS bigint) AS "sizeBytes"
    FROM held, manifest, blob`,
};
