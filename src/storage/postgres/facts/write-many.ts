/**
 * Many facts of another site at once, each kind in one statement as far as none undoes another; so
 * a site that was away comes back several times as fast.
 */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import { writeBlobLinks } from './blobs.ts';
import { deleteManifests } from './manifests.ts';
import { type RecordedFact, writeRecorded } from './recorded.ts';
import { writeRepositories } from './repositories.ts';
import { changeTags } from './tags.ts';
import { writeFact } from './write.ts';

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;
type RemovalFact = FactOf<'tag-deleted'> | FactOf<'manifest-deleted'>;
type ImageFact = RecordedFact | RemovalFact;

/** Writes the facts, to the same effect as one after the other. */
export async function writeFacts(trx: Knex.Transaction, facts: readonly Fact[]): Promise<void> {
  for (const stretch of cutBehindRemovals(facts)) await writeStretch(trx, stretch);
}

/**
 * A link says that a blob is wanted, and a manifest says which blobs it names: neither asks for the
 * other, so all links may come first. Behind what takes links away they may not. Accounts, sites
 * and the like do not ask for images, nor images for them.
 */
async function writeStretch(trx: Knex.Transaction, facts: readonly Fact[]): Promise<void> {
  const links = facts.filter((fact): fact is FactOf<'blob-linked'> => fact.kind === 'blob-linked');
  const images = facts.filter(isOfImage);
  await writeRepositories(trx, namesOf(facts));
  await writeBlobLinks(trx, links);
  for (const { recorded, removals } of cutBeforeReturns(images)) {
    await writeRecorded(trx, recorded);
    await remove(trx, removals);
  }
  for (const fact of facts) {
    if (fact.kind !== 'blob-linked' && !isOfImage(fact)) await writeFact(trx, fact);
  }
}

async function remove(trx: Knex.Transaction, facts: readonly RemovalFact[]): Promise<void> {
  const tags = facts.filter((fact) => fact.kind === 'tag-deleted');
  await changeTags(
    trx,
    tags.map(({ repository, tag: name }) => ({ repository, name })),
  );
  const manifests = facts.filter((fact) => fact.kind === 'manifest-deleted');
  if (manifests.length > 0) await deleteManifests(trx, manifests);
}

function isOfImage(fact: Fact): fact is ImageFact {
  const { kind } = fact;
  return kind === 'manifest-recorded' || kind === 'tag-deleted' || kind === 'manifest-deleted';
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

/** What is removed comes behind all that is recorded. */
class Group {
  readonly recorded: RecordedFact[] = [];
  readonly removals: RemovalFact[] = [];
  /** Manifests and tags that are removed in this group. */
  readonly #gone = new Set<string>();
  readonly #types = new Map<string, string>();

  /**
   * Whether the fact brings back what this group removes, or a manifest of this group under another
   * type: then it has to come later.
   */
  isBefore(fact: ImageFact): boolean {
    if (fact.kind !== 'manifest-recorded') return false;
    const type = this.#types.get(keyOf(fact));
    if (type !== undefined && type !== fact.mediaType) return true;
    return [keyOf(fact), ...fact.tags.map((tag) => tagKeyOf(fact, tag))].some((key) =>
      this.#gone.has(key),
    );
  }

  add(fact: ImageFact): void {
    if (fact.kind === 'manifest-recorded') {
      this.recorded.push(fact);
      this.#types.set(keyOf(fact), fact.mediaType);
    } else {
      this.removals.push(fact);
      this.#gone.add(fact.kind === 'tag-deleted' ? tagKeyOf(fact, fact.tag) : keyOf(fact));
    }
  }
}

function cutBeforeReturns(facts: readonly ImageFact[]): Group[] {
  const groups = [new Group()];
  for (const fact of facts) {
    if (groups.at(-1)!.isBefore(fact)) groups.push(new Group());
    groups.at(-1)!.add(fact);
  }
  return groups;
}

const keyOf = ({ repository, digest }: Exclude<ImageFact, FactOf<'tag-deleted'>>): string =>
  `${repository}@${digest}`;

const tagKeyOf = ({ repository }: ImageFact, tag: string): string => `${repository}:${tag}`;
