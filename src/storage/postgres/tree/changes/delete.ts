/** A part of the tree goes, with all that is in it. */
import type { Knex } from 'knex';
import { nameOf } from '../../../../oci/events/actor.ts';
import type { RepositoryName } from '../../../../oci/reference.ts';
import {
  type DeletionOutcome,
  MAX_DELETED,
  type TreeDeletion,
} from '../../../tree/tree-changes.ts';
import { deleteRepositories } from '../../facts/repositories.ts';
import { assertNotLeased, lockGroups } from './locks.ts';
import { assertMayGo } from './policies.ts';
import type { Told } from './told.ts';

/** Repositories at or below a path, in order. */
export async function listTree(
  trx: Knex.Transaction,
  path: RepositoryName,
  limit: number,
): Promise<RepositoryName[]> {
  const { rows } = await trx.raw(
    `SELECT name FROM repositories WHERE name = :path UNION ALL (
       SELECT name FROM repositories
       WHERE name > :path || '/' COLLATE "C" AND name < :path || '/~' COLLATE "C"
       ORDER BY name LIMIT :limit
     )`,
    { path, limit },
  );
  return rows.map(({ name }: { readonly name: RepositoryName }) => name);
}

/** See `TreeChanges.delete`. */
export async function deleteTree(
  trx: Knex.Transaction,
  { path, actor, mayDelete, isDryRun }: TreeDeletion,
): Promise<Told<DeletionOutcome>> {
  await lockGroups(trx, [path]);
  await assertNotLeased(trx, { paths: [path], isTree: true, actor: nameOf(actor) });
  const repositories = await listTree(trx, path, MAX_DELETED + 1);
  if (repositories.length === 0) return { outcome: { kind: 'unknown' }, told: [] };
  if (!repositories.every(mayDelete)) return { outcome: { kind: 'denied' }, told: [] };
  if (repositories.length > MAX_DELETED) {
    return { outcome: { kind: 'too-many', most: MAX_DELETED }, told: [] };
  }
  await assertMayGo(trx, repositories, actor);
  const outcome: DeletionOutcome = { kind: 'deleted', repositories };
  if (isDryRun) return { outcome, told: [] };
  await deleteRepositories(trx, repositories);
  const facts = repositories.map((repository) => {
    return { kind: 'repository-deleted', repository, actor: nameOf(actor) } as const;
  });
  return { outcome, told: [{ facts }] };
}
