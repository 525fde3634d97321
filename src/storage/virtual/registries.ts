/**
 * PORT: virtual registries and the upstreams behind them, as operators set them. They are facts:
 * changing methods append to the change log in their transaction, so every site has them.
 */

import type { Purge, VirtualRegistry, VirtualUpstream } from '../../oci/virtual-registry.ts';

export type {
  Purge,
  UpstreamCredentials,
  UpstreamOrigin,
  VirtualRegistry,
  VirtualUpstream,
} from '../../oci/virtual-registry.ts';

export interface VirtualRegistries {
  findRegistry(name: string): Promise<VirtualRegistry | undefined>;
  /** The registry that is used as a mirror under this host. */
  findRegistryOfHost(host: string): Promise<VirtualRegistry | undefined>;
  /** By name, keyset pages. */
  listRegistries(page: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<VirtualRegistry[]>;
  /**
   * Creates or replaces it whole. Idempotent.
   * @returns `recorded`, or what stands against it and whose: an upstream that is not there, a host
   * that another registry has
   */
  recordRegistry(registry: VirtualRegistry): Promise<RecordOutcome>;
  /** Its upstreams stay. @returns whether it was there. */
  deleteRegistry(name: string): Promise<boolean>;

  findUpstream(name: string): Promise<VirtualUpstream | undefined>;
  /** By name, keyset pages. */
  listUpstreams(page: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<VirtualUpstream[]>;
  /**
   * Creates or replaces it whole. Idempotent. Where it leads elsewhere than before, what is cached
   * of it at every site goes.
   */
  recordUpstream(upstream: VirtualUpstream): Promise<void>;
  /** Takes it out of every registry, and what is cached of it at every site. */
  deleteUpstream(name: string): Promise<boolean>;

  /**
   * Takes entries out of the cache of every site: here in this transaction, elsewhere when the
   * change is applied. Always appends to the log.
   */
  purge(purge: Purge): Promise<void>;
}

export type RecordOutcome =
  | { readonly kind: 'recorded' }
  | { readonly kind: 'unknown-upstream'; readonly name: string }
  | { readonly kind: 'host-taken'; readonly host: string; readonly registry: string };
