/** Writers of repositories: they come to be with the first thing in them. */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../oci/reference.ts';

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

/** Deletes the repository with all that is in it. @returns whether it was there. */
export async function deleteRepository(
  trx: Knex.Transaction,
  repository: RepositoryName,
): Promise<boolean> {
  await trx('blob_links').where({ repository }).delete();
  // Their tags go with them.
  await trx('manifests').where({ repository }).delete();
  return (await trx('repositories').where({ name: repository }).delete()) > 0;
}
