/**
 * Locks of many names at once. A write to a repository takes the lock of its group shared, whoever
 * changes names takes it alone: so nothing is pushed into a tree that goes, also not under a name
 * that nobody knew before. Groups come before repositories, each in the order of their names.
 */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../../oci/reference.ts';
import { NameLeased } from '../../../failure.ts';

const groupOf = (path: string) => path.split('/', 1)[0]!;

/** From here to the commit nobody writes below the groups of these paths. */
export async function lockGroups(trx: Knex.Transaction, paths: readonly string[]): Promise<void> {
  for (const group of new Set(paths.map(groupOf).toSorted())) {
    await trx.raw("SELECT pg_advisory_xact_lock(hashtextextended('group:' || ?, 0))", [group]);
  }
}

/** Only the same account may pass. */
export interface NameLease {
  readonly paths: readonly RepositoryName[];
  /** Whether what lies below them is meant, too. */
  readonly isTree: boolean;
  readonly actor: string;
}

/** Leases of what lies above, at or below the paths. */
const OVERLAPS = `
  expires_at > clock_timestamp() AND EXISTS (
    SELECT FROM unnest(CAST(:paths AS text[])) AS wanted (path)
    WHERE wanted.path = name_leases.path
      OR (is_tree AND starts_with(wanted.path, name_leases.path || '/'))
      OR (:isTree AND starts_with(name_leases.path, wanted.path || '/'))
  )`;

/** @throws NameLeased where another account holds what overlaps */
export async function assertNotLeased(trx: Knex.Transaction, lease: NameLease): Promise<void> {
  const { rows } = await trx.raw(
    `SELECT max(expires_at) AS until FROM name_leases
     WHERE ${OVERLAPS} AND actor <> :actor`,
    { ...lease, paths: [...lease.paths] },
  );
  const until: Date | null = rows[0].until;
  if (until) throw new NameLeased(until);
}

/** Leases the paths until then, in place of what the account leased that overlaps. */
export async function writeLease(
  trx: Knex.Transaction,
  lease: NameLease,
  until: Date,
): Promise<void> {
  await releaseLeases(trx, lease);
  const { paths, isTree: is_tree, actor } = lease;
  const common = { is_tree, actor, expires_at: until };
  await trx('name_leases').insert(paths.map((path) => ({ path, ...common })));
}

/** Those of the account that overlap, and all that are over. */
export async function releaseLeases(trx: Knex.Transaction, lease: NameLease): Promise<void> {
  await trx.raw(
    `DELETE FROM name_leases
     WHERE expires_at <= clock_timestamp() OR (actor = :actor AND ${OVERLAPS})`,
    { ...lease, paths: [...lease.paths] },
  );
}
