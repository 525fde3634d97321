/** Memory maker of `VirtualRegistries`. What it holds is what the facts say, word for word. */
import { isDeepStrictEqual } from 'node:util';
import {
  isSameSource,
  type Purge,
  type VirtualRegistry,
  type VirtualUpstream,
} from '../../../oci/virtual-registry.ts';
import type { Fact } from '../../change-log.ts';
import type { RecordOutcome, VirtualRegistries } from '../../virtual/registries.ts';
import type { MemoryFacts } from '../facts.ts';
import type { VirtualBook } from './virtual-book.ts';

interface Page {
  readonly after?: string;
  readonly limit: number;
}

export class MemoryVirtualRegistries implements VirtualRegistries {
  readonly #facts: MemoryFacts;
  readonly #book: VirtualBook;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    this.#book = facts.virtual;
    facts.addWriter((fact) => this.#write(fact));
  }

  async findRegistry(name: string): Promise<VirtualRegistry | undefined> {
    return structuredClone(this.#book.registries.get(name));
  }

  async findRegistryOfHost(host: string): Promise<VirtualRegistry | undefined> {
    return structuredClone(this.#holderOf(host));
  }

  async listRegistries(page: Page): Promise<VirtualRegistry[]> {
    return pageOf(this.#book.registries, page);
  }

  async recordRegistry(registry: VirtualRegistry): Promise<RecordOutcome> {
    this.#facts.assertPrimary();
    const { registries, upstreams } = this.#book;
    const unknown = registry.upstreams.find((name) => !upstreams.has(name));
    if (unknown !== undefined) return { kind: 'unknown-upstream', name: unknown };
    for (const host of registry.hosts) {
      const holder = this.#holderOf(host);
      if (holder && holder.name !== registry.name) {
        return { kind: 'host-taken', host, registry: holder.name };
      }
    }
    const isKnown = isDeepStrictEqual(registries.get(registry.name), registry);
    const copy = structuredClone(registry);
    this.#commit({ kind: 'virtual-registry-recorded', registry: copy }, !isKnown);
    return { kind: 'recorded' };
  }

  async deleteRegistry(name: string): Promise<boolean> {
    const isThere = this.#book.registries.has(name);
    return this.#commit({ kind: 'virtual-registry-deleted', name }, isThere);
  }

  async findUpstream(name: string): Promise<VirtualUpstream | undefined> {
    return structuredClone(this.#book.upstreams.get(name));
  }

  async listUpstreams(page: Page): Promise<VirtualUpstream[]> {
    return pageOf(this.#book.upstreams, page);
  }

  async recordUpstream(upstream: VirtualUpstream): Promise<void> {
    const isKnown = isDeepStrictEqual(this.#book.upstreams.get(upstream.name), upstream);
    const copy = structuredClone(upstream);
    this.#commit({ kind: 'upstream-recorded', upstream: copy }, !isKnown);
  }

  async deleteUpstream(name: string): Promise<boolean> {
    return this.#commit({ kind: 'upstream-deleted', name }, this.#book.upstreams.has(name));
  }

  async purge(purge: Purge): Promise<void> {
    this.#commit({ kind: 'cache-purged', purge: structuredClone(purge) }, true);
  }

  #holderOf(host: string): VirtualRegistry | undefined {
    return [...this.#book.registries.values()].find(({ hosts }) => hosts.includes(host));
  }

  #commit(fact: Fact, isChange: boolean): boolean {
    this.#facts.assertPrimary();
    if (isChange) this.#facts.commit(fact);
    return isChange;
  }

  #write(fact: Fact): void {
    const { registries, upstreams, cache, counts } = this.#book;
    if (fact.kind === 'upstream-recorded') {
      const before = upstreams.get(fact.upstream.name);
      if (before && !isSameSource(before, fact.upstream)) cache.purge({ upstream: before.name });
      upstreams.set(fact.upstream.name, fact.upstream);
    } else if (fact.kind === 'upstream-deleted') {
      upstreams.delete(fact.name);
      cache.purge({ upstream: fact.name });
      this.#changeRegistries((one) => ({ ...one, upstreams: without(one.upstreams, fact.name) }));
    } else if (fact.kind === 'virtual-registry-recorded') {
      this.#writeRegistry(fact.registry);
    } else if (fact.kind === 'virtual-registry-deleted') {
      registries.delete(fact.name);
      counts.delete(fact.name);
    } else if (fact.kind === 'cache-purged') {
      cache.purge(fact.purge);
    }
  }

  /**
   * A page of a snapshot may name what another page brings or takes away later: an upstream that is
   * not here is passed over, and a host has its latest registry. The log brings both again.
   */
  #writeRegistry(registry: VirtualRegistry): void {
    const { registries, upstreams } = this.#book;
    this.#changeRegistries((one) => ({
      ...one,
      hosts: one.hosts.filter((host) => !registry.hosts.includes(host)),
    }));
    const known = registry.upstreams.filter((name) => upstreams.has(name));
    registries.set(registry.name, { ...registry, upstreams: known });
  }

  #changeRegistries(change: (registry: VirtualRegistry) => VirtualRegistry): void {
    for (const [name, registry] of this.#book.registries) {
      this.#book.registries.set(name, change(registry));
    }
  }
}

function without(names: readonly string[], name: string): string[] {
  return names.filter((one) => one !== name);
}

function pageOf<Row>(rows: ReadonlyMap<string, Row>, { after = '', limit }: Page): Row[] {
  const names = [...rows.keys()].sort().filter((name) => name > after);
  return names.slice(0, limit).map((name) => structuredClone(rows.get(name)!));
}
