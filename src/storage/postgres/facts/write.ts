/**
 * Facts that come from another site, written by the same writers that the primary's methods use.
 */
import type { Knex } from 'knex';
import { outlineOf, parseManifest } from '../../../oci/manifest.ts';
import type { Fact } from '../../change-log.ts';
import type { ManifestRecord } from '../../metadata.ts';
import { applyAccountFact } from '../accounts.ts';
import { writeOrder } from '../geo/orders.ts';
import { deletePolicy, writePolicy } from '../lifecycle/write-policies.ts';
import { applySiteFact } from '../sites.ts';
import { applyVirtualFact } from '../virtual/write-facts.ts';
import { deleteBlobLink, writeBlobLink } from './blobs.ts';
import { deleteManifest, deleteTags, writeManifest, writeTags } from './manifests.ts';
import { deleteRepository, writeRepository } from './repositories.ts';

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

type Writers = {
  readonly [Kind in Fact['kind']]: (trx: Knex.Transaction, fact: FactOf<Kind>) => Promise<unknown>;
};

const WRITERS: Writers = {
  'manifest-recorded': async (trx, fact) => {
    await writeRepository(trx, fact.repository);
    await writeRecorded(trx, fact);
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

/**
 * Into the repository, which must be there. A fact comes without its content where the manifest was
 * deleted since. Its tags point to nothing then, and to what they pointed before they must not
 * point either.
 */
export async function writeRecorded(
  trx: Knex.Transaction,
  fact: FactOf<'manifest-recorded'>,
): Promise<void> {
  const { repository, digest, tags } = fact;
  const isGiven = fact.content !== undefined;
  if (isGiven) await writeManifest(trx, { repository, what: toRecord(fact, fact.content) });
  else if (tags.length === 0) return;
  const isThere = isGiven || (await isRecorded(trx, fact));
  if (isThere) await writeTags(trx, { repository, what: { tags, digest } });
  else await deleteTags(trx, { repository, what: tags });
}

async function isRecorded(
  trx: Knex.Transaction,
  { repository, digest }: FactOf<'manifest-recorded'>,
): Promise<boolean> {
  const found = await trx('manifests').select('digest').where({ repository, digest }).first();
  return found !== undefined;
}

/** The manifest of a fact with the bytes that came with it. */
export function toRecord(fact: FactOf<'manifest-recorded'>, base64: string): ManifestRecord {
  const content = Buffer.from(base64, 'base64');
  const { digest, mediaType } = fact;
  return { digest, mediaType, content, ...outlineOf(parseManifest(content, mediaType)) };
}
