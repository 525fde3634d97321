/** How manifests and tags of upstreams come into the cache; their place is locked. */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { CachedTag, ManifestEntry } from '../../virtual/cache.ts';
import { noteEntries } from './purge.ts';

/** Proven content is never replaced by a mere word of it. */
const WRITE_MANIFEST = `
  INSERT INTO cached_manifests AS old (upstream, image, digest, media_type, size_bytes, content,
    checked_at, since)
  VALUES (:upstream, :image, :digest, :mediaType, :sizeBytes, :content, :checkedAt, :checkedAt)
  ON CONFLICT (upstream, image, digest) DO UPDATE SET checked_at = excluded.checked_at,
    media_type = CASE WHEN excluded.content IS NULL AND old.content IS NOT NULL
      THEN old.media_type ELSE excluded.media_type END,
    size_bytes = CASE WHEN excluded.content IS NULL AND old.content IS NOT NULL
      THEN old.size_bytes ELSE excluded.size_bytes END,
    content = coalesce(excluded.content, old.content)`;

/** A blob that this upstream gave for another manifest of the image is here for this one, too. */
const WRITE_PARTS = `
  INSERT INTO cached_parts (upstream, image, manifest, digest, is_manifest, size_bytes, is_here)
  SELECT :upstream, :image, :digest, part.digest, false, part.size_bytes,
    EXISTS (SELECT FROM cached_parts AS known
            WHERE known.upstream = :upstream AND known.image = :image
              AND known.digest = part.digest AND known.is_here)
  FROM unnest(CAST(:blobs AS text[]), CAST(:sizes AS bigint[])) AS part (digest, size_bytes)
  UNION ALL
  SELECT :upstream, :image, :digest, unnest(CAST(:manifests AS text[])), true, 0, false
  ON CONFLICT DO NOTHING`;

/** Writes what the entry says. */
export async function writeManifest(trx: Knex.Transaction, entry: ManifestEntry): Promise<void> {
  const { manifest, tag, checkedAt, blobs, manifests } = entry;
  const { upstream, image, digest, content = null } = manifest;
  await trx.raw(WRITE_MANIFEST, { ...manifest, content, checkedAt });
  await trx.raw(WRITE_PARTS, {
    upstream,
    image,
    digest,
    blobs: blobs.map((blob) => blob.digest),
    sizes: blobs.map(({ sizeBytes }) => sizeBytes),
    manifests: [...manifests],
  });
  await noteEntries(trx, manifest, [digest, ...manifests]);
  if (tag !== undefined) await writeTag(trx, { upstream, image, tag, digest, checkedAt });
}

const WRITE_TAG = `
  WITH before AS (
    SELECT digest FROM cached_tags WHERE upstream = :upstream AND image = :image AND tag = :tag
  )
  INSERT INTO cached_tags (upstream, image, tag, digest, checked_at, since, absent_until)
  SELECT :upstream, :image, :tag, :digest, :checkedAt, :checkedAt, :absentUntil
  WHERE CAST(:digest AS text) IS NULL OR EXISTS (
    SELECT FROM cached_manifests
    WHERE upstream = :upstream AND image = :image AND digest = :digest)
  ON CONFLICT (upstream, image, tag) DO UPDATE
    SET digest = excluded.digest, checked_at = excluded.checked_at,
      absent_until = excluded.absent_until
  RETURNING (SELECT digest FROM before) AS before`;

/** Writes what the tag is now, where its manifest is known. */
export async function writeTag(trx: Knex.Transaction, tag: CachedTag): Promise<void> {
  const { digest = null, checkedAt } = tag;
  const absentUntil = digest === null ? new Date(checkedAt.getTime() + ABSENT_MS) : null;
  const { rows } = await trx.raw(WRITE_TAG, { ...tag, digest, absentUntil });
  const touched: (Digest | null | undefined)[] = [rows[0]?.before, tag.digest];
  await noteEntries(
    trx,
    tag,
    touched.filter((digest) => typeof digest === 'string'),
  );
  if (tag.digest === undefined) await forgetAbsent(trx, tag);
}

/** No tag is believed to be absent for longer, where nothing rests on it. */
const ABSENT_MS = 60_000;

/**
 * With each tag that is noted as absent, some leave that were so long ago: whoever asks for names
 * that nobody has fills no table.
 */
const FORGET_ABSENT = `
  DELETE FROM cached_tags WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM cached_tags WHERE upstream = ? AND digest IS NULL AND absent_until < ?
    ORDER BY absent_until LIMIT 10 FOR UPDATE SKIP LOCKED))`;

async function forgetAbsent(trx: Knex.Transaction, { upstream, checkedAt }: CachedTag) {
  await trx.raw(FORGET_ABSENT, [upstream, checkedAt]);
}
