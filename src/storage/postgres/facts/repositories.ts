/** Writer of repositories: they come to be with the first thing in them, and stay. */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../oci/reference.ts';

/** Creates the repository where it is not there yet. */
export async function writeRepository(trx: Knex.Transaction, name: RepositoryName): Promise<void> {
  await trx('repositories').insert({ name }).onConflict('name').ignore();
}
