/** The arrivals of a site in memory: its own, and those that it heard of as a primary. */
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Arrival } from '../../geo/arrivals.ts';

interface OwnArrival extends Omit<Arrival, 'site'> {
  isTold: boolean;
}

export class ArrivalBook {
  readonly own = new Map<string, OwnArrival>();
  /** By manifest, then by site. */
  readonly everywhere = new Map<string, Map<string, Arrival>>();
  readonly #listeners = new Set<() => void>();

  /** Notes an arrival of this site, once. */
  note(arrival: Omit<Arrival, 'site'>): void {
    const key = keyOf(arrival.repository, arrival.digest);
    if (this.own.has(key)) return;
    this.own.set(key, { ...arrival, isTold: false });
    this.wake();
  }

  /** The primary may have forgotten it. */
  untell(key: string): void {
    const own = this.own.get(key);
    if (own) own.isTold = false;
  }

  /** The manifest was deleted: it may come again, and is another arrival then. */
  forget(repository: RepositoryName, digest: Digest): void {
    this.own.delete(keyOf(repository, digest));
    this.everywhere.delete(keyOf(repository, digest));
  }

  forgetAll(repository: RepositoryName): void {
    for (const key of [...this.own.keys(), ...this.everywhere.keys()]) {
      if (!key.startsWith(`${repository}@`)) continue;
      this.own.delete(key);
      this.everywhere.delete(key);
    }
  }

  /** The site is gone, or another one has its name. */
  forgetSite(site: string): void {
    for (const sites of this.everywhere.values()) sites.delete(site);
  }

  wake(): void {
    for (const listener of this.#listeners) setImmediate(listener);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`;
}
