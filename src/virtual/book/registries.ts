/** What an administrator does with virtual registries. */
import { RegistryError } from '../../oci/error.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import type { VirtualRegistry } from '../../oci/virtual-registry.ts';
import type { Site } from '../../storage/sites.ts';
import type { VirtualRegistries } from '../../storage/virtual/registries.ts';
import { refusal } from './refusal.ts';

interface Dependencies {
  readonly virtualRegistries: VirtualRegistries;
  readonly sites: { listSites(): Promise<Site[]> };
}

export interface BookLimits {
  readonly maxRegistries: number;
  /** Of one registry. */
  readonly maxUpstreams: number;
}

/** What is to be other than it was; what is absent stays, `null` takes away. */
export type RegistryChange = Partial<Omit<VirtualRegistry, 'name' | 'unusedDays' | 'maxBytes'>> & {
  readonly unusedDays?: number | null;
  readonly maxBytes?: number | null;
};

const MAX_NAME_LENGTH = 63;
/** However many may be, there were never more. */
const MAX_REGISTRIES = 1000;
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;

export class RegistryBook {
  readonly #registries: VirtualRegistries;
  readonly #sites: Dependencies['sites'];
  readonly #limits: BookLimits;

  constructor({ virtualRegistries, sites }: Dependencies, limits: BookLimits) {
    this.#registries = virtualRegistries;
    this.#sites = sites;
    this.#limits = limits;
  }

  /** By name, keyset pages. */
  list(page: { readonly after?: string; readonly limit: number }): Promise<VirtualRegistry[]> {
    return this.#registries.listRegistries(page);
  }

  /** @throws RegistryError NAME_UNKNOWN */
  async get(name: string): Promise<VirtualRegistry> {
    const found = await this.#registries.findRegistry(name);
    return found ?? unknown(name);
  }

  /**
   * Creates it or changes it.
   *
   * @returns whether it is new
   * @throws RegistryError NAME_INVALID; UNSUPPORTED: 400 for what cannot be, 409 beyond the limits
   * and for a host that is taken
   */
  async put(name: string, change: RegistryChange): Promise<boolean> {
    const known = await this.#registries.findRegistry(name);
    if (!known) await this.#assertRoomFor(name);
    const registry = changed(known ?? blank(name), change);
    this.#assertUpstreams(registry);
    if (change.hosts) await this.#assertHosts(change.hosts);
    const outcome = await this.#registries.recordRegistry(registry);
    if (outcome.kind === 'unknown-upstream') {
      throw refusal(`there is no upstream ${outcome.name}`);
    }
    if (outcome.kind === 'host-taken') {
      throw refusal(`${outcome.host} is a host of ${outcome.registry} already`, 409);
    }
    return known === undefined;
  }

  /** Its upstreams stay, with what is cached of them. @throws RegistryError NAME_UNKNOWN */
  async remove(name: string): Promise<void> {
    if (!(await this.#registries.deleteRegistry(name))) unknown(name);
  }

  /**
   * Takes everything out of the caches of all sites that came by this registry alone: what other
   * registries list stays for them.
   *
   * @returns the upstreams that were purged
   * @throws RegistryError NAME_UNKNOWN
   */
  async purge(name: string): Promise<string[]> {
    const { upstreams } = await this.get(name);
    const all = await this.list({ limit: MAX_REGISTRIES });
    const others = all.filter((one) => one.name !== name).flatMap((one) => one.upstreams);
    const own = upstreams.filter((upstream) => !others.includes(upstream));
    for (const upstream of own) await this.#registries.purge({ upstream });
    return own;
  }

  async #assertRoomFor(name: string): Promise<void> {
    const isName = parseRepositoryName(name) && name.length <= MAX_NAME_LENGTH;
    if (!isName || name.includes('/')) {
      const message = 'a virtual registry is named like one level of a repository: hub, team-a';
      throw new RegistryError('NAME_INVALID', { message });
    }
    const { maxRegistries } = this.#limits;
    if ((await this.list({ limit: maxRegistries })).length < maxRegistries) return;
    throw refusal(`there are ${maxRegistries} virtual registries already`, 409);
  }

  #assertUpstreams({ upstreams }: VirtualRegistry): void {
    const { maxUpstreams } = this.#limits;
    if (new Set(upstreams).size < upstreams.length) throw refusal('an upstream is listed twice');
    if (upstreams.length <= maxUpstreams) return;
    throw refusal(`a virtual registry has at most ${maxUpstreams} upstreams`, 409);
  }

  /** Under a host of ours the registry itself would not be reached any more. */
  async #assertHosts(hosts: readonly string[]): Promise<void> {
    const wrong = hosts.find((host) => !HOST.test(host) || !URL.canParse(`http://${host}`));
    if (wrong !== undefined)
      throw refusal(`${wrong} is no host in lower case, as mirror.example:5000`);
    const sites = await this.#sites.listSites();
    const own = sites.find(({ url }) => hosts.includes(new URL(url).host));
    if (own) throw refusal(`${new URL(own.url).host} is the host of the site ${own.name} itself`);
  }
}

function blank(name: string): VirtualRegistry {
  return { name, description: '', upstreams: [], hosts: [], isPublic: false };
}

function changed(known: VirtualRegistry, change: RegistryChange): VirtualRegistry {
  const all = { ...known, ...change, name: known.name };
  const { unusedDays, maxBytes, ...rest } = all;
  return {
    ...rest,
    hosts: [...new Set(rest.hosts)],
    ...(typeof unusedDays === 'number' ? { unusedDays } : {}),
    ...(typeof maxBytes === 'number' ? { maxBytes } : {}),
  };
}

function unknown(name: string): never {
  throw new RegistryError('NAME_UNKNOWN', { message: `there is no virtual registry ${name}` });
}
