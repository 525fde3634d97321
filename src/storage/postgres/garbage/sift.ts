/**
 * One look at manifests or links of a repository, under the lock that every push to it takes. What
 * is not in use here cannot come into use before the commit.
 */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { Fact } from '../../change-log.ts';
import type { Garbage, ReviewKind, Sifted, Sifting } from '../../garbage.ts';
import { appendChanges } from '../facts/append.ts';
import { lockRepository } from '../facts/repositories.ts';

/** Another process looks at what it has locked. */
const LOCK_REVIEWS = `
  SELECT digest FROM garbage_reviews
  WHERE kind = :kind AND repository = :repository AND digest = ANY(:digests)
  ORDER BY digest FOR UPDATE SKIP LOCKED`;

/** What nobody needs of these, by kind. */
const UNUSED: Readonly<Record<ReviewKind, string>> = {
  link: `
    SELECT digest, size_bytes AS "sizeBytes" FROM blob_links AS link
    WHERE repository = :repository AND digest = ANY(:digests)
      AND NOT EXISTS (
        SELECT FROM manifest_edges
        WHERE child = link.digest AND NOT is_manifest AND repository = link.repository
      )
    ORDER BY digest`,
  manifest: `
    SELECT digest, size_bytes AS "sizeBytes" FROM manifests AS one
    WHERE repository = :repository AND digest = ANY(:digests)
      AND NOT EXISTS (
        SELECT FROM tags WHERE repository = one.repository AND tags.digest = one.digest
      )
      AND NOT EXISTS (
        SELECT FROM manifest_edges
        WHERE child = one.digest AND is_manifest AND repository = one.repository
      )
      AND NOT EXISTS (
        SELECT FROM manifests AS subject
        WHERE subject.repository = one.repository AND subject.digest = one.subject
      )
    ORDER BY digest`,
};

const PUT_INTO_BIN: Readonly<Record<ReviewKind, string>> = {
  link: `SELECT 'link', repository, digest, size_bytes, NULL, NULL, :run, CAST(:at AS timestamptz)
         FROM blob_links`,
  manifest: `SELECT 'manifest', repository, digest, size_bytes, media_type, content, :run,
                    CAST(:at AS timestamptz)
             FROM manifests`,
};

const TABLES = { link: 'blob_links', manifest: 'manifests' } as const;

/** See `GarbageReviews.sift`. */
export async function sift(trx: Knex.Transaction, sifting: Sifting): Promise<Sifted> {
  const { kind, repository, verdict } = sifting;
  await lockRepository(trx, repository);
  const locked = await trx.raw(LOCK_REVIEWS, { ...sifting, digests: [...sifting.digests] });
  const digests: Digest[] = locked.rows.map(({ digest }: Garbage) => digest);
  const garbage: Garbage[] = (await trx.raw(UNUSED[kind], { repository, digests })).rows;
  const unused = garbage.map(({ digest }) => digest);
  const living = digests.filter((digest) => !unused.includes(digest));
  if (verdict === 'show') return { garbage, living: living.length };
  const queue = () => trx('garbage_reviews').where({ kind, repository });
  await queue().whereRaw('digest = ANY(?)', [living]).delete();
  if (verdict === 'collect') await collect(trx, sifting, unused);
  else await queue().whereRaw('digest = ANY(?)', [unused]).update({ queued_at: sifting.at });
  return { garbage, living: living.length };
}

/** Its reviews go by the triggers, which also queue what it leaves behind. */
async function collect(
  trx: Knex.Transaction,
  { kind, repository, run, at }: Sifting,
  digests: readonly Digest[],
): Promise<void> {
  if (digests.length > 0) {
    const values = { repository, digests: [...digests], run, at };
    // In their order and before the links, so that two that do so do not hold each other up.
    if (kind === 'link') {
      await trx.raw(
        'SELECT FROM blobs WHERE digest = ANY(:digests) ORDER BY digest FOR NO KEY UPDATE',
        values,
      );
    }
    await trx.raw(
      `INSERT INTO garbage_bin
         (kind, repository, digest, size_bytes, media_type, content, run, collected_at)
       ${PUT_INTO_BIN[kind]} WHERE repository = :repository AND digest = ANY(:digests)
       ON CONFLICT (kind, repository, digest) DO UPDATE
         SET run = excluded.run, collected_at = excluded.collected_at`,
      values,
    );
    await trx.raw(
      `DELETE FROM ${TABLES[kind]} WHERE repository = :repository AND digest = ANY(:digests)`,
      values,
    );
  }
  await appendChanges(trx, digests.map(toFact(kind, repository)));
}

/** No account has such a name. */
const COLLECTOR = 'garbage collection';

function toFact(kind: ReviewKind, repository: Sifting['repository']): (digest: Digest) => Fact {
  const factKind = kind === 'link' ? 'blob-unlinked' : 'manifest-deleted';
  return (digest) => ({ kind: factKind, repository, digest, actor: COLLECTOR });
}
