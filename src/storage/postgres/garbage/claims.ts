/**
 * Claims on the bytes of blobs. Whoever links a blob locks its row first, so a claim either sees
 * the link or is seen by the linker.
 */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { BlobClaim, Garbage } from '../../garbage.ts';
import type { Statement } from '../database.ts';
import { VERIFICATIONS } from '../facts/blobs.ts';

/** Not claimed by anybody who may live. */
const IS_FREE = (staleBefore: string) =>
  `(NOT blobs.is_removing OR blobs.removed_at < ${staleBefore})`;

/** What a repository links, and what is cached of an upstream. */
export const isNamed = (digest: string) =>
  `(EXISTS (SELECT FROM blob_links WHERE blob_links.digest = ${digest})
    OR EXISTS (SELECT FROM cached_parts AS part
               WHERE part.digest = ${digest} AND NOT part.is_manifest))`;

export const LIST_UNLINKED: Statement = {
  name: 'list-unlinked-blobs',
  text: `SELECT blobs.digest, coalesce(blobs.size_bytes, 0) AS "sizeBytes"
         FROM garbage_reviews AS review JOIN blobs ON blobs.digest = review.digest
         WHERE review.kind = 'blob' AND review.queued_at < $1 AND ${IS_FREE('$2')}
           AND NOT ${isNamed('blobs.digest')}
         ORDER BY review.queued_at LIMIT $3`,
};

const LOCK_REVIEWS = `
  SELECT review.digest FROM garbage_reviews AS review
  WHERE review.kind = 'blob' AND review.queued_at < :before
    AND NOT EXISTS (
      SELECT FROM blobs WHERE blobs.digest = review.digest AND NOT ${IS_FREE(':staleBefore')}
    )
  ORDER BY review.queued_at LIMIT :limit FOR UPDATE SKIP LOCKED`;

/** Who links one of them right now has it; it is looked at in the next run. */
const LOCK_BLOBS = `
  SELECT digest FROM blobs WHERE digest = ANY(:digests) ORDER BY digest FOR UPDATE SKIP LOCKED`;

const CLAIM = `
  UPDATE blobs SET removal = :id, is_removing = true, removed_at = :at, verified_at = NULL
  WHERE digest = ANY(:digests) AND ${IS_FREE(':staleBefore')}
    AND NOT ${isNamed('blobs.digest')}
  RETURNING digest, coalesce(size_bytes, 0) AS "sizeBytes"`;

/** Named again, or with no row at all, of which nothing can be said. */
const DISMISS = `
  DELETE FROM garbage_reviews AS review
  WHERE kind = 'blob' AND repository = '' AND digest = ANY(:digests)
    AND (NOT EXISTS (SELECT FROM blobs WHERE blobs.digest = review.digest)
      OR ${isNamed('review.digest')})`;

/** See `GarbageReviews.claimBlobs`. Each statement sees what was committed before its locks. */
export async function claimBlobs(
  trx: Knex.Transaction,
  { id, at, before, staleBefore, limit }: BlobClaim,
): Promise<Garbage[]> {
  const values = { id, at, before, staleBefore, limit };
  await trx.raw(`SELECT pg_advisory_xact_lock_shared(${VERIFICATIONS})`);
  const { rows: due } = await trx.raw(LOCK_REVIEWS, values);
  const reviewed = due.map(({ digest }: Garbage) => digest);
  await trx.raw(DISMISS, { digests: reviewed });
  const { rows: locked } = await trx.raw(LOCK_BLOBS, { digests: reviewed });
  const digests = locked.map(({ digest }: Garbage) => digest);
  return (await trx.raw(CLAIM, { ...values, digests })).rows;
}

/** See `GarbageReviews.settleBlobs`. */
export async function settleBlobs(
  trx: Knex.Transaction,
  claim: string,
  { gone, left, at }: { gone: readonly Digest[]; left: readonly Digest[]; at: Date },
): Promise<void> {
  const { rows } = await trx.raw(
    `UPDATE blobs SET is_removing = false
     WHERE digest = ANY(?) AND is_removing AND removal = ? RETURNING digest`,
    [[...gone, ...left], claim],
  );
  const ours = new Set(rows.map(({ digest }: Garbage) => digest));
  const reviews = (digests: readonly Digest[]) =>
    trx('garbage_reviews')
      .where({ kind: 'blob', repository: '' })
      .whereRaw('digest = ANY(?)', [digests.filter((digest) => ours.has(digest))]);
  await reviews(gone).delete();
  await reviews(left).update({ queued_at: at });
}
