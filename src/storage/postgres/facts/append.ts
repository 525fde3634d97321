/** The last statement of every transaction that writes facts at the primary. */
import type { Knex } from 'knex';
import type { Circumstances } from '../../../oci/events/deed.ts';
import type { Fact } from '../../change-log.ts';
import { NotPrimary } from '../../failure.ts';
import { postDeeds } from '../events/post.ts';

/** Name of the channel on which a commit is told. */
export const CHANNEL = 'changes';

/**
 * The row of `log_head` stays locked from here to the commit. So appends are serialised: positions
 * have no gaps and are in commit order, and whoever reads up to the head skips nothing. And a site
 * that is no primary any more updates no row, in the very transaction that would have written.
 */
const APPEND = `
  WITH head AS (
    UPDATE log_head SET position = position + :count WHERE role = 'primary'
    RETURNING position, epoch
  ), appended AS (
    INSERT INTO changes (position, epoch, at, fact)
    SELECT head.position - :count + item.nth, head.epoch, clock_timestamp(), item.fact
    FROM head, json_array_elements(CAST(:facts AS json)) WITH ORDINALITY AS item (fact, nth)
  )
  SELECT pg_notify('${CHANNEL}', CAST(head.position AS text)) FROM head`;

/**
 * Appends the facts to the change log, and puts what they tell into the outbox. Call it last in the
 * transaction, also with no facts at all: a site that may not write must not say that there was
 * nothing to write.
 * @throws NotPrimary
 */
export async function appendChanges(
  trx: Knex.Transaction,
  facts: readonly Fact[],
  circumstances: Circumstances = {},
): Promise<void> {
  await postDeeds(trx, facts, circumstances);
  await appendTold(trx, facts);
}

/** The same, for facts whose deeds are in the outbox by now. @throws NotPrimary */
export async function appendTold(trx: Knex.Transaction, facts: readonly Fact[]): Promise<void> {
  const { rows } =
    facts.length === 0
      ? await trx.raw("SELECT 1 FROM log_head WHERE role = 'primary'")
      : await trx
          .raw(APPEND, { count: facts.length, facts: JSON.stringify(facts) })
          .options({ name: 'append-changes' });
  if (rows.length === 0) throw new NotPrimary('this site is not the primary');
}
