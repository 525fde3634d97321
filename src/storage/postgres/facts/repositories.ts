/** Writers of repositories: they come to be with the first thing in them. */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../oci/reference.ts';

/** From here to the commit all other writes to the repository wait. The first lock of each. */
export async function lockRepository(trx: Knex.Transaction, name: RepositoryName): Promise<void> {
  await trx.raw("SELECT pg_advisory_xact_lock(hashtextextended('repository:' || ?, 0))", [name]);
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
 * A link that goes locks its blob. In the order of the digests, as everybody does who locks
 * several: so neither of two that do so at once holds what the other wants.
 */
const LOCK_LINKED = `
  WITH locked AS (
    SELECT FROM blobs
    WHERE digest IN (SELECT digest FROM blob_links WHERE repository = ?)
    ORDER BY digest FOR NO KEY UPDATE
  )
  SELECT count(*) FROM locked`;

/** Deletes the repository with all that is in it. @returns whether it was there. */
export async function deleteRepository(
  trx: Knex.Transaction,
  repository: RepositoryName,
): Promise<boolean> {
  await trx.raw(LOCK_LINKED, [repository]);
  await trx('blob_links').where({ repository }).delete();
  // Their tags go with them.
  await trx('manifests').where({ repository }).delete();
  return (await trx('repositories').where({ name: repository }).delete()) > 0;
}
