/** What an administrator does with the upstreams of virtual registries. */
import { RegistryError } from '../../oci/error.ts';
import type { Reference, RepositoryName } from '../../oci/reference.ts';
import type { VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { CacheEntry, Usage, VirtualCache } from '../../storage/virtual/cache.ts';
import type { VirtualRegistries } from '../../storage/virtual/registries.ts';
import type { Remotes } from '../../storage/virtual/remotes.ts';
import { refusal } from './refusal.ts';
import { applyChange, type Sealing, showUpstream, type UpstreamChange } from './upstream-change.ts';

export type UpstreamView = ReturnType<typeof showUpstream>;

interface Dependencies {
  readonly virtualRegistries: VirtualRegistries;
  readonly virtualCache: Pick<VirtualCache, 'listEntries' | 'measure'>;
  readonly remotes: Pick<Remotes, 'findFault' | 'open'>;
  readonly sealing: Sealing;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export class UpstreamBook {
  readonly #registries: VirtualRegistries;
  readonly #cache: Dependencies['virtualCache'];
  readonly #remotes: Dependencies['remotes'];
  readonly #sealing: Sealing;

  constructor({ virtualRegistries, virtualCache, remotes, sealing }: Dependencies) {
    this.#registries = virtualRegistries;
    this.#cache = virtualCache;
    this.#remotes = remotes;
    this.#sealing = sealing;
  }

  /** By name, keyset pages. */
  async list(page: { readonly after?: string; readonly limit: number }): Promise<UpstreamView[]> {
    return (await this.#registries.listUpstreams(page)).map(showUpstream);
  }

  /** @throws RegistryError NAME_UNKNOWN */
  async get(name: string): Promise<UpstreamView> {
    return showUpstream(await this.#find(name));
  }

  /**
   * Creates it or changes it. A URL is checked for its form and for where it leads (V22, A27).
   *
   * @returns whether it is new
   * @throws RegistryError NAME_INVALID; UNSUPPORTED (400) for what cannot be
   */
  async put(name: string, change: UpstreamChange): Promise<boolean> {
    if (!NAME.test(name)) {
      const message = 'an upstream has a name of lower-case letters, digits and inner hyphens';
      throw new RegistryError('NAME_INVALID', { message });
    }
    const known = await this.#registries.findUpstream(name);
    const fault = change.url === undefined ? undefined : await this.#remotes.findFault(change.url);
    if (fault !== undefined) throw refusal(`the URL ${fault}`);
    await this.#registries.recordUpstream(applyChange(name, { known, change }, this.#sealing));
    return known === undefined;
  }

  /** With all that is cached of it, at every site. @throws RegistryError NAME_UNKNOWN */
  async remove(name: string): Promise<void> {
    if (!(await this.#registries.deleteUpstream(name))) unknown(name);
  }

  /**
   * Whether this site reaches it and is let in; one sentence.
   * @throws RegistryError NAME_UNKNOWN
   */
  async test(name: string): Promise<{ readonly isWell: boolean; readonly sentence: string }> {
    const upstream = await this.#find(name);
    if (upstream.origin.kind === 'remote') return this.#remotes.open(upstream).test();
    return { isWell: true, sentence: 'it is a part of this registry' };
  }

  /** What this site has cached of it, by image. @throws RegistryError NAME_UNKNOWN */
  async listEntries(
    name: string,
    page: Omit<Parameters<VirtualCache['listEntries']>[0], 'upstream'>,
  ): Promise<CacheEntry[]> {
    await this.#find(name);
    return this.#cache.listEntries({ upstream: name, ...page });
  }

  /** How much this site has cached of these. */
  measure(upstreams: readonly string[]): Promise<Usage> {
    return this.#cache.measure(upstreams);
  }

  /**
   * Takes one entry, all of an image or everything out of the caches of all sites (V13).
   * @throws RegistryError NAME_UNKNOWN
   */
  async purge(
    name: string,
    what: { readonly image?: RepositoryName; readonly reference?: Reference },
  ): Promise<void> {
    await this.#find(name);
    await this.#registries.purge({ upstream: name, ...what });
  }

  async #find(name: string): Promise<VirtualUpstream> {
    return (await this.#registries.findUpstream(name)) ?? unknown(name);
  }
}

function unknown(name: string): never {
  throw new RegistryError('NAME_UNKNOWN', { message: `there is no upstream ${name}` });
}
