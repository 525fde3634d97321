/** Memory maker of `Arrivals`. */
import type { Digest } from '../../../oci/digest.ts';
import { completionOf, MAX_TAGS, type RegistryEvent } from '../../../oci/events/event.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Arrival, Arrivals } from '../../geo/arrivals.ts';
import type { MemoryFacts } from '../facts.ts';
import { keyOf } from './arrival-book.ts';

export class MemoryArrivals implements Arrivals {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async listUntold(limit: number): Promise<Omit<Arrival, 'site'>[]> {
    const untold = [...this.#facts.arrivals.own.values()].filter(({ isTold }) => !isTold);
    return untold.slice(0, limit).map(({ repository, digest, at }) => ({ repository, digest, at }));
  }

  async recordTold(arrivals: readonly Omit<Arrival, 'site'>[]): Promise<void> {
    for (const { repository, digest, at } of arrivals) {
      const own = this.#facts.arrivals.own.get(keyOf(repository, digest));
      if (own?.at.getTime() === at.getTime()) own.isTold = true;
    }
  }

  async record(arrivals: readonly Arrival[]): Promise<void> {
    const { everywhere } = this.#facts.arrivals;
    const events: RegistryEvent[] = [];
    for (const arrival of arrivals) {
      const { repository, digest, site } = arrival;
      if (!this.#facts.repositories.get(repository)?.manifests.has(digest)) continue;
      const sites = everywhere.get(keyOf(repository, digest)) ?? new Map<string, Arrival>();
      if (!sites.has(site)) events.push(this.#completionOf(arrival));
      if (!sites.has(site)) sites.set(site, arrival);
      everywhere.set(keyOf(repository, digest), sites);
    }
    this.#facts.outbox.post(events, this.#facts.now());
    this.#facts.arrivals.wake();
  }

  #completionOf({ site, repository, digest, at }: Arrival): RegistryEvent {
    const all = this.#facts.repositories.get(repository)?.tags ?? [];
    const tags = [...all].filter(([, target]) => target === digest).map(([tag]) => tag);
    const data = { site, repository, digest, tags: tags.sort().slice(0, MAX_TAGS) };
    return completionOf({ ...data, arrivedAt: at.toISOString() }, this.#facts.now());
  }

  async listSites(repository: RepositoryName, digest: Digest): Promise<Arrival[]> {
    const sites = this.#facts.arrivals.everywhere.get(keyOf(repository, digest));
    return [...(sites?.values() ?? [])].sort((one, other) => (one.site < other.site ? -1 : 1));
  }

  watch(listener: () => void): () => void {
    return this.#facts.arrivals.watch(listener);
  }
}
