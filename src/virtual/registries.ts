/** Virtual registries and their upstreams as they are set, in memory and never stale. */
import { LRUCache } from 'lru-cache';
import type { Coherence, Memory } from '../coherence.ts';
import type { VirtualRegistry, VirtualUpstream } from '../oci/virtual-registry.ts';
import type { Change } from '../storage/change-log.ts';
import type { VirtualRegistries } from '../storage/virtual/registries.ts';

interface Dependencies {
  readonly virtualRegistries: Pick<
    VirtualRegistries,
    'findRegistry' | 'findRegistryOfHost' | 'findUpstream'
  >;
  readonly coherence: Pick<Coherence, 'catchUp' | 'position'>;
}

/** A registry with its upstreams, the first is asked first. */
export interface Setting {
  readonly registry: VirtualRegistry;
  readonly upstreams: readonly VirtualUpstream[];
}

/** What a call needs of them. */
export type Settings = Pick<Registries, 'catchUp' | 'find' | 'watch'>;

const MAX_REGISTRIES = 1000;
/** Clients choose what they write there. */
const MAX_HOSTS = 1000;

/** Facts that make untrue what is remembered of virtual registries, or of what is cached. */
const KINDS = new Set<Change['fact']['kind']>([
  'virtual-registry-recorded',
  'virtual-registry-deleted',
  'upstream-recorded',
  'upstream-deleted',
  'cache-purged',
]);

/** Whether a change is about virtual registries: rare enough to forget all that is remembered. */
export function concernsVirtual({ fact }: Change): boolean {
  return KINDS.has(fact.kind);
}

export class Registries implements Memory {
  readonly #registries: Dependencies['virtualRegistries'];
  readonly #coherence: Dependencies['coherence'];
  readonly #settings = new LRUCache<string, Setting>({ max: MAX_REGISTRIES });
  /** Also of those that are none. */
  readonly #hosts = new LRUCache<string, { readonly registry: VirtualRegistry | undefined }>({
    max: MAX_HOSTS,
  });

  /** How often. */
  #forgotten = 0;

  constructor({ virtualRegistries, coherence }: Dependencies) {
    this.#registries = virtualRegistries;
    this.#coherence = coherence;
  }

  /** @returns the position as of which all that is remembered is true (`Coherence.catchUp`) */
  catchUp(asOf?: number): Promise<number> {
    return this.#coherence.catchUp(asOf);
  }

  /** @returns what says whether no setting changed, and nothing was purged, since this call */
  watch(): () => Promise<boolean> {
    const since = this.#forgotten;
    return async () => {
      await this.#coherence.catchUp();
      return this.#forgotten === since;
    };
  }

  /** What is true at some moment after the call, or at the position. */
  async find(name: string, asOf?: number): Promise<Setting | undefined> {
    const before = await this.#coherence.catchUp(asOf);
    const known = this.#settings.get(name);
    if (known) return known;
    const setting = await this.#read(name);
    if (setting && this.#coherence.position === before) this.#settings.set(name, setting);
    return setting;
  }

  async findOfHost(host: string, asOf?: number): Promise<VirtualRegistry | undefined> {
    const before = await this.#coherence.catchUp(asOf);
    const known = this.#hosts.get(host);
    if (known) return known.registry;
    const registry = await this.#registries.findRegistryOfHost(host);
    if (this.#coherence.position === before) this.#hosts.set(host, { registry });
    return registry;
  }

  forget(change: Change): void {
    if (concernsVirtual(change)) this.clear();
  }

  clear(): void {
    this.#forgotten += 1;
    this.#settings.clear();
    this.#hosts.clear();
  }

  async #read(name: string): Promise<Setting | undefined> {
    const registry = await this.#registries.findRegistry(name);
    if (!registry) return undefined;
    const found = await Promise.all(
      registry.upstreams.map((upstream) => this.#registries.findUpstream(upstream)),
    );
    return { registry, upstreams: found.filter((upstream) => upstream !== undefined) };
  }
}
