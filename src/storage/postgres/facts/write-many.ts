/**
 * Many facts of another site at once. What only adds is written in one statement for all, as far as
 * no deletion lies in between; so a site that was away comes back several times as fast.
 */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import { writeBlobLinks } from './blobs.ts';
import { writeRepositories } from './repositories.ts';
import { writeFact, writeRecorded } from './write.ts';

type Link = Extract<Fact, { kind: 'blob-linked' }>;

/** Writes the facts, to the same effect as one after the other. */
export async function writeFacts(trx: Knex.Transaction, facts: readonly Fact[]): Promise<void> {
  for (const stretch of cutBehindRemovals(facts)) await writeStretch(trx, stretch);
}

/**
 * A link says that a blob is wanted, and a manifest says which blobs it names: neither asks for the
 * other, so all links may come first. Behind what takes links away they may not.
 */
async function writeStretch(trx: Knex.Transaction, facts: readonly Fact[]): Promise<void> {
  const links = facts.filter((fact): fact is Link => fact.kind === 'blob-linked');
  await writeRepositories(trx, namesOf(facts));
  await writeBlobLinks(trx, links);
  for (const fact of facts) {
    if (fact.kind === 'manifest-recorded') await writeRecorded(trx, fact);
    else if (fact.kind !== 'blob-linked') await writeFact(trx, fact);
  }
}

/** Repositories that come to be by these facts. */
function namesOf(facts: readonly Fact[]): Set<RepositoryName> {
  const names = facts.flatMap((fact) =>
    fact.kind === 'blob-linked' || fact.kind === 'manifest-recorded' ? [fact.repository] : [],
  );
  return new Set(names);
}

/** Each stretch ends with a fact that takes links or a whole repository away, but for the last. */
function cutBehindRemovals(facts: readonly Fact[]): Fact[][] {
  const stretches: Fact[][] = [[]];
  for (const fact of facts) {
    stretches.at(-1)!.push(fact);
    if (fact.kind === 'blob-unlinked' || fact.kind === 'repository-deleted') stretches.push([]);
  }
  return stretches;
}
