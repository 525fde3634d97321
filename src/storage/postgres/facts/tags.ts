/** Tags of another site's facts: many in one statement, as far as none of them moves twice. */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';

export interface TagChange {
  readonly repository: RepositoryName;
  readonly name: Tag;
  /** What it points to from now on; nothing where absent. */
  readonly digest?: Digest;
}

const MOVE = `
  INSERT INTO tags (repository, name, digest)
  SELECT * FROM unnest(CAST(:repositories AS text[]), CAST(:names AS text[]),
                       CAST(:digests AS text[])) AS moved (repository, name, digest)
  ORDER BY repository, name
  ON CONFLICT (repository, name) DO UPDATE SET digest = excluded.digest`;
const DELETE = `
  DELETE FROM tags
  USING unnest(CAST(:repositories AS text[]), CAST(:names AS text[])) AS gone (repository, name)
  WHERE tags.repository = gone.repository AND tags.name = gone.name`;

/**
 * To the same effect as one after the other. Triggers note what a tag leaves, so each place that it
 * points to on its way is written: the n-th of each tag in the n-th round.
 */
export async function changeTags(
  trx: Knex.Transaction,
  changes: readonly TagChange[],
): Promise<void> {
  for (const round of toRounds(changes)) {
    await move(trx, round.filter(isMoved));
    await remove(
      trx,
      round.filter((change) => !isMoved(change)),
    );
  }
}

function toRounds(changes: readonly TagChange[]): TagChange[][] {
  const rounds: TagChange[][] = [];
  const counts = new Map<string, number>();
  for (const change of changes) {
    const key = `${change.repository}:${change.name}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    (rounds[count] ??= []).push(change);
  }
  return rounds;
}

type MovedTag = TagChange & { readonly digest: Digest };

function isMoved(change: TagChange): change is MovedTag {
  return change.digest !== undefined;
}

async function move(trx: Knex.Transaction, tags: readonly MovedTag[]): Promise<void> {
  if (tags.length === 0) return;
  const digests = tags.map(({ digest }) => digest);
  await trx.raw(MOVE, { ...namesOf(tags), digests }).options({ name: 'move-tags' });
}

async function remove(trx: Knex.Transaction, tags: readonly TagChange[]): Promise<void> {
  if (tags.length > 0) await trx.raw(DELETE, namesOf(tags)).options({ name: 'remove-tags' });
}

function namesOf(tags: readonly TagChange[]) {
  return {
    repositories: tags.map(({ repository }) => repository),
    names: tags.map(({ name }) => name),
  };
}
