/** Policies of many repositories at once: what may go, and what has room. */
import type { Knex } from 'knex';
import { type Actor, nameOf } from '../../../../oci/events/actor.ts';
import { isInTree, type Policy, pathsAbove } from '../../../../oci/lifecycle/policy.ts';
import type { RepositoryName, Tag } from '../../../../oci/reference.ts';
import type { NameMove } from '../../../tree/tree-changes.ts';
import {
  assertRepositoryMayGo,
  assertTagsMayChange,
  assertWithinQuotas,
} from '../../lifecycle/guard.ts';

/**
 * The policies that cover any of the repositories. None changes until the commit: take this before
 * any lock of a name.
 */
async function readPolicies(
  trx: Knex.Transaction,
  repositories: readonly RepositoryName[],
): Promise<readonly Policy[]> {
  const paths = [...new Set(repositories.flatMap(pathsAbove))];
  const rows = await trx<{ rule: Policy }>('policies')
    .select('rule')
    .whereRaw('path = ANY (?)', [paths])
    .orderBy(['path', 'kind', 'name']);
  return rows.map(({ rule }) => rule);
}

/** From here to the commit no policy changes. The first lock of all. */
export async function lockPolicies(trx: Knex.Transaction): Promise<void> {
  await trx.raw("SELECT pg_advisory_xact_lock_shared(hashtextextended('policies', 0))");
}

/** @throws ChangeRefused where a protected tag is among what would go */
export async function assertMayGo(
  trx: Knex.Transaction,
  repositories: readonly RepositoryName[],
  actor: Actor,
): Promise<void> {
  const all = await readPolicies(trx, repositories);
  if (all.length === 0) return;
  for (const repository of repositories) {
    const policies = all.filter(({ path }) => isInTree(repository, path));
    await assertRepositoryMayGo(trx, { repository, policies, actor: nameOf(actor) });
  }
}

/** @throws ChangeRefused where a tag may not come to be under the new name of its repository */
export async function assertMayCome(
  trx: Knex.Transaction,
  names: readonly NameMove[],
  actor: Actor,
): Promise<void> {
  const to = names.map((name) => name.to);
  const all = (await readPolicies(trx, to)).filter(({ kind }) => kind === 'protection');
  if (all.length === 0) return;
  for (const { from: repository, to: target } of names) {
    const policies = all.filter(({ path }) => isInTree(target, path));
    const tags = await trx('tags').where({ repository }).orderBy('name').pluck<Tag[]>('name');
    const changes = tags.map((tag) => ({ tag, kind: 'create' }) as const);
    const guarded = { repository: target, policies, actor: nameOf(actor) };
    await assertTagsMayChange(trx, guarded, changes);
  }
}

/**
 * Behind the move. What stays in the tree of a quota brings nothing there, however full it is.
 * @throws ChangeRefused
 */
export async function assertRoom(trx: Knex.Transaction, names: readonly NameMove[]): Promise<void> {
  const all = await readPolicies(
    trx,
    names.map(({ to }) => to),
  );
  const policies = all.filter(({ path }) =>
    names.some(({ from, to }) => isInTree(to, path) && !isInTree(from, path)),
  );
  if (policies.length > 0) await assertWithinQuotas(trx, { policies }, { sizeBytes: 0 });
}
