/** Leases of names in memory. */
import { pathsAbove } from '../../../oci/lifecycle/policy.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import { NameLeased } from '../../failure.ts';

/** Only the same account may pass. */
export interface NameLease {
  readonly paths: readonly RepositoryName[];
  /** Whether what lies below them is meant, too. */
  readonly isTree: boolean;
  readonly actor: string;
}

export class LeaseBook {
  #leases: (NameLease & { readonly until: Date })[] = [];

  /** @throws NameLeased where the name or what lies above it is leased, by whomever */
  assertFree(name: RepositoryName, now: Date): void {
    this.assertNotLeased({ paths: [name], isTree: false, actor: '' }, now);
  }

  /** @throws NameLeased where another account holds what overlaps */
  assertNotLeased(lease: NameLease, now: Date): void {
    const others = this.#leases
      .filter(({ until }) => until > now)
      .filter((one) => one.actor !== lease.actor)
      .filter((one) => overlap(one, lease));
    const last = Math.max(...others.map(({ until }) => until.getTime()));
    if (others.length > 0) throw new NameLeased(new Date(last));
  }

  /** In place of what the account leased that overlaps. */
  write(lease: NameLease, until: Date): void {
    this.release(lease);
    this.#leases.push({ ...lease, until });
  }

  /** Those of the account that overlap. */
  release(lease: NameLease): void {
    this.#leases = this.#leases.filter((one) => one.actor !== lease.actor || !overlap(one, lease));
  }
}

function overlap(one: NameLease, other: NameLease): boolean {
  return one.paths.some((path) =>
    other.paths.some(
      (wanted) =>
        path === wanted ||
        (one.isTree && isAbove(path, wanted)) ||
        (other.isTree && isAbove(wanted, path)),
    ),
  );
}

function isAbove(path: RepositoryName, name: RepositoryName): boolean {
  return path !== name && (pathsAbove(name) as readonly string[]).includes(path);
}
