/** Writers of repositories: they come to be with the first thing in them. */
import type { Knex } from 'knex';
import { type Policy, pathsAbove } from '../../../oci/lifecycle/policy.ts';
import type { RepositoryName } from '../../../oci/reference.ts';

/**
 * From here to the commit all other writes to the repository wait, and no policy changes. The first
 * lock of each. @returns the policies that cover the repository, for `lifecycle/guard`
 */
export async function lockRepository(
  trx: Knex.Transaction,
  name: RepositoryName,
): Promise<readonly Policy[]> {
  const { rows } = await trx
    .raw('SELECT lock_repository(?, ?) AS rule', [name, pathsAbove(name)])
    .options({ name: 'lock-repository' });
  return rows.map(({ rule }: { readonly rule: Policy }) => rule);
}

/** Creates the repository where it is not there yet. */
export async function writeRepository(trx: Knex.Transaction, name: RepositoryName): Promise<void> {
  await trx('repositories').insert({ name }).onConflict('name').ignore();
}

/** Creates those that are not there yet. */
export async function writeRepositories(
  trx: Knex.Transaction,
  names: ReadonlySet<RepositoryName>,
): Promise<void> {
  if (names.size === 0) return;
  // In order, so that two that do so at once do not hold each other up.
  const rows = [...names].toSorted().map((name) => ({ name }));
  await trx('repositories').insert(rows).onConflict('name').ignore();
}

/**
 * A link that comes or goes locks its blob. In the order of the digests, as everybody does who
 * locks several: so neither of two that do so at once holds what the other wants.
 */
const LOCK_LINKED = `
  WITH locked AS (
    SELECT FROM blobs
    WHERE digest IN (SELECT digest FROM blob_links WHERE repository = ANY (?))
    ORDER BY digest FOR NO KEY UPDATE
  )
  SELECT count(*) FROM locked`;

/** Locks the blobs that any of the repositories links. */
export async function lockLinked(
  trx: Knex.Transaction,
  names: readonly RepositoryName[],
): Promise<void> {
  await trx.raw(LOCK_LINKED, [[...names]]);
}

/** So many rows go in one statement: none may take longer than the database is waited for. */
const MAX_ROWS = 2000;

/** What is in a repository: what would go with a manifest goes before, all of it at once. */
const TABLES = ['blob_links', 'tags', 'manifest_edges', 'manifests'];

/** Deletes the repository with all that is in it. @returns whether it was there. */
export async function deleteRepository(
  trx: Knex.Transaction,
  repository: RepositoryName,
): Promise<boolean> {
  return (await deleteRepositories(trx, [repository])) > 0;
}

/** Deletes them with all that is in them. @returns how many were there. */
export async function deleteRepositories(
  trx: Knex.Transaction,
  names: readonly RepositoryName[],
): Promise<number> {
  await lockLinked(trx, names);
  for (const table of TABLES) await deleteRows(trx, table, names);
  return trx('repositories')
    .whereRaw('name = ANY (?)', [[...names]])
    .delete();
}

async function deleteRows(
  trx: Knex.Transaction,
  table: string,
  names: readonly RepositoryName[],
): Promise<void> {
  const some = `SELECT ctid FROM ${table} WHERE repository = ANY (?) LIMIT ${MAX_ROWS}`;
  for (let deleted = 1; deleted > 0; ) {
    const statement = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${some}))`;
    deleted = (await trx.raw(statement, [[...names]])).rowCount;
  }
}
