/** `GarbageReviews` in PostgreSQL: the table `garbage_reviews`, filled by triggers (0018). */
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import type {
  BlobClaim,
  Content,
  Garbage,
  GarbageReviews,
  QueueLength,
  Review,
  ReviewKind,
  Sifted,
  Sifting,
} from '../../garbage.ts';
import type { Database, Statement } from '../database.ts';
import { claimBlobs, isNamed, LIST_UNLINKED, settleBlobs } from './claims.ts';
import { sift } from './sift.ts';

const LIST_DUE: Statement = {
  name: 'list-due-reviews',
  text: `SELECT repository, digest FROM garbage_reviews
         WHERE kind = $1 AND queued_at < $2 ORDER BY queued_at LIMIT $3`,
};
const LIST_CONTENTS: Statement = {
  name: 'list-repository-contents',
  text: `SELECT digest, media_type AS "mediaType", content FROM manifests
         WHERE repository = $1 AND digest > $2 ORDER BY digest LIMIT $3`,
};
/** Whoever finds it in the table now looks in the store before believing that it is there. */
const NOTE_FOUND: Statement = {
  name: 'note-found-blobs',
  text: `WITH found AS (
           SELECT digest FROM unnest($1::text[]) AS found (digest)
           WHERE NOT ${isNamed('found.digest')}
         ), added AS (
           INSERT INTO blobs (digest, removal, removed_at)
           SELECT digest, 'found', $2::timestamptz FROM found ORDER BY digest
           ON CONFLICT (digest) DO NOTHING RETURNING digest
         )
         INSERT INTO garbage_reviews (kind, repository, digest, queued_at)
         SELECT 'blob', '', digest, $2::timestamptz FROM added
         UNION ALL
         SELECT 'blob', '', digest, $2::timestamptz
         FROM blobs JOIN found USING (digest) WHERE NOT is_linked
         ON CONFLICT DO NOTHING`,
};
const FORGET_REMOVALS: Statement = {
  name: 'forget-removals',
  text: `DELETE FROM blobs
         WHERE removal IS NOT NULL AND removed_at < $1 AND NOT is_removing AND NOT is_linked
           AND NOT EXISTS (
             SELECT FROM garbage_reviews AS review
             WHERE kind = 'blob' AND repository = '' AND review.digest = blobs.digest
           )
         RETURNING digest`,
};
const MEASURE: Statement = {
  name: 'measure-reviews',
  text: `SELECT kind, count(*) AS waiting, count(*) FILTER (
           WHERE queued_at < CASE kind WHEN 'blob' THEN $2::timestamptz ELSE $1 END
         ) AS due
         FROM garbage_reviews GROUP BY kind`,
};

export class PostgresGarbageReviews implements GarbageReviews {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  listDue(
    kind: ReviewKind,
    { before, limit }: { readonly before: Date; readonly limit: number },
  ): Promise<Review[]> {
    return this.#database.query<Review>(LIST_DUE, [kind, before, limit]);
  }

  listContents(
    repository: RepositoryName,
    { after, limit }: { readonly after?: Digest; readonly limit: number },
  ): Promise<Content[]> {
    return this.#database.query<Content>(LIST_CONTENTS, [repository, after ?? '', limit]);
  }

  sift(sifting: Sifting): Promise<Sifted> {
    return this.#database.transaction((trx) => sift(trx, sifting));
  }

  listUnlinked(page: {
    readonly before: Date;
    readonly staleBefore: Date;
    readonly limit: number;
  }): Promise<Garbage[]> {
    const values = [page.before, page.staleBefore, page.limit];
    return this.#database.query<Garbage>(LIST_UNLINKED, values);
  }

  claimBlobs(claim: BlobClaim): Promise<Garbage[]> {
    return this.#database.transaction((trx) => claimBlobs(trx, claim));
  }

  async settleBlobs(
    claim: string,
    outcome: {
      readonly gone: readonly Digest[];
      readonly left: readonly Digest[];
      readonly at: Date;
    },
  ): Promise<void> {
    await this.#database.transaction((trx) => settleBlobs(trx, claim, outcome));
  }

  async noteFound(digests: readonly Digest[], at: Date): Promise<void> {
    await this.#database.query(NOTE_FOUND, [digests, at]);
  }

  async forgetRemovals(before: Date): Promise<number> {
    return (await this.#database.query(FORGET_REMOVALS, [before])).length;
  }

  async measure(before: {
    readonly review: Date;
    readonly removal: Date;
  }): Promise<Readonly<Record<ReviewKind | 'blob', QueueLength>>> {
    const values = [before.review, before.removal];
    const rows = await this.#database.query<QueueLength & { kind: ReviewKind | 'blob' }>(
      MEASURE,
      values,
    );
    const none = { waiting: 0, due: 0 };
    const lengths = { manifest: none, link: none, blob: none };
    const found = rows.map(({ kind, waiting, due }) => [kind, { waiting, due }]);
    return { ...lengths, ...Object.fromEntries(found) };
  }
}
