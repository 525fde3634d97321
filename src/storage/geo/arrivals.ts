/**
 * PORT: which images are whole at which site.
 *
 * An *arrival* says that every byte of a manifest and of all that it names was verified at a site.
 * A secondary writes its own in the transaction that verified the last blob, and keeps them until
 * the primary has them; the primary keeps those of all sites. Each is told once, ever: a blob that
 * is lost and brought again makes no second one. After a snapshot they are told again, since the
 * primary forgets those of a manifest that is deleted, also where it was pushed again since.
 */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';

export interface Arrival {
  readonly site: string;
  readonly repository: RepositoryName;
  /** Of the manifest. */
  readonly digest: Digest;
  /** By the clock of the site where it arrived. */
  readonly at: Date;
}

export interface Arrivals {
  /** At a secondary: its own arrivals that the primary does not have yet, oldest first. */
  listUntold(limit: number): Promise<Omit<Arrival, 'site'>[]>;
  /**
   * At a secondary: the primary has them. Idempotent. One of another moment than it was listed with
   * stays untold: its manifest was deleted and came again meanwhile.
   */
  recordTold(arrivals: readonly Omit<Arrival, 'site'>[]): Promise<void>;
  /**
   * At the primary: keeps what a site told, and in the same transaction puts a delivery for each
   * webhook that asked for it into the outbox. Idempotent. Wakes those who watch.
   */
  record(arrivals: readonly Arrival[]): Promise<void>;
  /** At the primary: the sites at which the manifest arrived. */
  listSites(repository: RepositoryName, digest: Digest): Promise<Arrival[]>;
  /** Calls the listener soon after arrivals were recorded; gives the way to stop it. */
  watch(listener: () => void): () => void;
}
