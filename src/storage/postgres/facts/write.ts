/**
 * Facts that come from another site, written by the same writers that the primary's methods use.
 */
import type { Knex } from 'knex';
import type { Fact } from '../../change-log.ts';
import { applyAccountFact } from '../accounts.ts';
import { writeOrder } from '../geo/orders.ts';
import { deletePolicy, writePolicy } from '../lifecycle/write-policies.ts';
import { applySiteFact } from '../sites.ts';
import { applyVirtualFact } from '../virtual/write-facts.ts';
import { deleteBlobLink, writeBlobLink } from './blobs.ts';
import { deleteManifest, deleteTags } from './manifests.ts';
import { writeRecorded } from './recorded.ts';
import { deleteRepository, writeRepository } from './repositories.ts';

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

type Writers = {
  readonly [Kind in Fact['kind']]: (trx: Knex.Transaction, fact: FactOf<Kind>) => Promise<unknown>;
};

const WRITERS: Writers = {
  'manifest-recorded': async (trx, fact) => {
    await writeRepository(trx, fact.repository);
    await writeRecorded(trx, [fact]);
  },
  'tag-deleted': (trx, { repository, tag }) => deleteTags(trx, { repository, what: [tag] }),
  'manifest-deleted': (trx, { repository, digest }) =>
    deleteManifest(trx, { repository, what: digest }),
  'blob-linked': async (trx, fact) => {
    await writeRepository(trx, fact.repository);
    await writeBlobLink(trx, fact);
  },
  'blob-unlinked': deleteBlobLink,
  'repository-deleted': (trx, { repository }) => deleteRepository(trx, repository),
  'account-recorded': applyAccountFact,
  'account-deleted': applyAccountFact,
  'access-token-recorded': applyAccountFact,
  'access-token-deleted': applyAccountFact,
  'site-recorded': applySiteFact,
  'site-deleted': applySiteFact,
  'site-ordered': (trx, { order }) => writeOrder(trx, order),
  'upstream-recorded': applyVirtualFact,
  'upstream-deleted': applyVirtualFact,
  'virtual-registry-recorded': applyVirtualFact,
  'virtual-registry-deleted': applyVirtualFact,
  'cache-purged': applyVirtualFact,
  'policy-recorded': (trx, { policy }) => writePolicy(trx, policy),
  'policy-deleted': (trx, { policy }) => deletePolicy(trx, policy),
};

/** Writes one fact into the tables. Idempotent. */
export async function writeFact(trx: Knex.Transaction, fact: Fact): Promise<void> {
  const write = WRITERS[fact.kind] as (trx: Knex.Transaction, fact: Fact) => Promise<unknown>;
  await write(trx, fact);
}
