/** How what is cached of upstreams leaves the tables. */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { Purge } from '../../../oci/virtual-registry.ts';

/** One image of an upstream. */
export interface Place {
  readonly upstream: string;
  readonly image: string;
}

/**
 * Takes out what the purge names. Idempotent. Whoever writes to the cache of this upstream
 * meanwhile waits, or is waited for (see {@link lockPlace}).
 */
export async function purgeCache(trx: Knex.Transaction, purge: Purge): Promise<void> {
  await trx.raw('SELECT FROM upstreams WHERE name = ? FOR UPDATE', [purge.upstream]);
  const { upstream, image, reference } = purge;
  if (image === undefined || reference === undefined) await emptyCache(trx, { upstream, image });
  else if (reference.kind === 'tag') await removeTag(trx, { upstream, image }, reference.tag);
  else await removeManifest(trx, { upstream, image }, reference.digest);
}

/** So many manifests at a time as a statement has time for, with their parts and tags. */
const AT_ONCE = 500;

/** The last of the next ones; each statement begins where the one before it ended. */
const FIND_LAST = `
  SELECT image, digest FROM (
    SELECT image, digest FROM cached_manifests
    WHERE upstream = :upstream AND (image, digest) > (:afterImage, :afterDigest)
      AND image <= :lastImage
    ORDER BY image, digest LIMIT ${AT_ONCE}
  ) AS next ORDER BY image DESC, digest DESC LIMIT 1`;

const deleteFrom = (table: string, key: string) => `
  DELETE FROM ${table} WHERE upstream = :upstream
    AND ${key} > (:afterImage, :afterDigest) AND ${key} <= (:throughImage, :throughDigest)`;

/** Parts by themselves: with their manifests they would go one by one. */
const DELETIONS = [
  deleteFrom('cached_parts', '(image, manifest)'),
  deleteFrom('cached_manifests', '(image, digest)'),
];

/** Tags that were noted as absent; the others went with their manifests. */
const DELETE_ABSENT = `
  DELETE FROM cached_tags WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM cached_tags WHERE upstream = :upstream AND digest IS NULL
      AND (CAST(:image AS text) IS NULL OR image = :image) LIMIT :most))`;
const MOST_ABSENT = 5000;

/** Behind every letter of an image's name. */
const LAST = '~';

/** Takes out all of an upstream, or of one image of it; the caller has locked the upstream. */
export async function emptyCache(
  trx: Knex.Transaction,
  { upstream, image }: Pick<Purge, 'upstream' | 'image'>,
): Promise<void> {
  const lastImage = image ?? LAST;
  for (let after = { image: image ?? '', digest: '' }; ; ) {
    const from = { upstream, afterImage: after.image, afterDigest: after.digest };
    const { rows } = await trx.raw(FIND_LAST, { ...from, lastImage });
    if (rows.length === 0) break;
    after = rows[0];
    const range = { ...from, throughImage: after.image, throughDigest: after.digest };
    for (const sql of DELETIONS) await trx.raw(sql, range);
  }
  const absent = { upstream, image: image ?? null, most: MOST_ABSENT };
  for (let count = MOST_ABSENT; count === MOST_ABSENT; ) {
    count = (await trx.raw(DELETE_ABSENT, absent)).rowCount;
  }
}

/**
 * Locks one image for writing, to the end of the transaction, and its upstream against purges.
 * @returns false where there is no such upstream
 */
export async function lockPlace(
  trx: Knex.Transaction,
  { upstream, image }: Place,
): Promise<boolean> {
  const { rows } = await trx.raw('SELECT name FROM upstreams WHERE name = ? FOR KEY SHARE', [
    upstream,
  ]);
  if (rows.length === 0) return false;
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 1))', [`${upstream} ${image}`]);
  return true;
}

/** Takes the tag out, and its manifest where nothing else names that. The place is locked. */
export async function removeTag(trx: Knex.Transaction, place: Place, tag: string): Promise<void> {
  const { upstream, image } = place;
  const { rows } = await trx.raw(
    'DELETE FROM cached_tags WHERE upstream = ? AND image = ? AND tag = ? RETURNING digest',
    [upstream, image, tag],
  );
  if (rows[0]?.digest) await removeUnnamed(trx, place, [rows[0].digest]);
}

/** Takes the manifest out, with all tags on it. The place is locked. */
export async function removeManifest(
  trx: Knex.Transaction,
  place: Place,
  digest: string,
): Promise<void> {
  const { upstream, image } = place;
  await trx.raw('DELETE FROM cached_tags WHERE upstream = ? AND image = ? AND digest = ?', [
    upstream,
    image,
    digest,
  ]);
  await removeManifests(trx, place, [digest]);
}

const NAMED_BELOW = `
  SELECT DISTINCT digest FROM cached_parts
  WHERE upstream = :upstream AND image = :image AND manifest = ANY(:digests) AND is_manifest`;
const REMOVE = `
  DELETE FROM cached_manifests
  WHERE upstream = :upstream AND image = :image AND digest = ANY(:digests)`;

/** With what only they named: an index lies some levels above at most. */
async function removeManifests(
  trx: Knex.Transaction,
  place: Place,
  digests: readonly string[],
): Promise<void> {
  const values = { ...place, digests: [...digests] };
  const { rows: below } = await trx.raw(NAMED_BELOW, values);
  await trx.raw(REMOVE, values);
  const children = below.map(({ digest }: { digest: Digest }) => digest);
  if (children.length > 0) await removeUnnamed(trx, place, children);
}

const IS_UNNAMED = `
  NOT EXISTS (SELECT FROM cached_tags AS tag WHERE tag.upstream = :upstream
              AND tag.image = :image AND tag.digest = one.digest)
  AND NOT EXISTS (SELECT FROM cached_parts AS part WHERE part.upstream = :upstream
                  AND part.image = :image AND part.digest = one.digest AND part.is_manifest)`;
const LIST_UNNAMED = `
  SELECT one.digest FROM cached_manifests AS one
  WHERE upstream = :upstream AND image = :image AND digest = ANY(:digests) AND ${IS_UNNAMED}`;

async function removeUnnamed(
  trx: Knex.Transaction,
  place: Place,
  digests: readonly string[],
): Promise<void> {
  const { rows } = await trx.raw(LIST_UNNAMED, { ...place, digests: [...digests] });
  const unnamed = rows.map(({ digest }: { digest: Digest }) => digest);
  if (unnamed.length > 0) await removeManifests(trx, place, unnamed);
}

const NOTE_ENTRIES = `
  UPDATE cached_manifests AS one SET is_entry = NOT is_entry
  WHERE upstream = :upstream AND image = :image AND digest = ANY(:digests)
    AND is_entry <> (${IS_UNNAMED})`;

/** Says anew which of these manifests are entries by themselves. The place is locked. */
export async function noteEntries(
  trx: Knex.Transaction,
  place: Place,
  digests: readonly string[],
): Promise<void> {
  await trx.raw(NOTE_ENTRIES, { ...place, digests: [...digests] });
}
