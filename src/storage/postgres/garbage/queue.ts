/** The queue of reviews, as writers of facts know it. Most of it is filled by triggers. */
import type { Knex } from 'knex';
import type { Review, ReviewKind } from '../../garbage.ts';

/** What is pushed although it is there already waits for its review anew. */
export async function queueAgain(
  trx: Knex.Transaction,
  kind: ReviewKind,
  { repository, digest }: Review,
): Promise<void> {
  await trx.raw(
    `UPDATE garbage_reviews SET queued_at = clock_timestamp()
     WHERE kind = ? AND repository = ? AND digest = ?`,
    [kind, repository, digest],
  );
}
