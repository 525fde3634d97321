/**
 * PORT: virtual registries and the upstreams behind them, as operators set them. They are facts:
 * changing methods append to the change log in their transaction, so every site has them.
 */

import type { PathPattern } from '../../oci/path-pattern.ts';
import type { Reference, RepositoryName } from '../../oci/reference.ts';

/** Many upstreams behind one name. */
export interface VirtualRegistry {
  /** One component of a repository name; what stands in the path of its images. */
  readonly name: string;
  readonly description: string;
  /** Names of upstreams, the first is asked first; each once. */
  readonly upstreams: readonly string[];
  /** Hosts (with port where it is not the scheme's) under which clients use it as a mirror. */
  readonly hosts: readonly string[];
  /** Whether nobody needs to log in to read it. */
  readonly isPublic: boolean;
  /** What nobody pulled for so many days leaves the cache; nothing does where it is absent. */
  readonly unusedDays?: number;
  /** How many bytes the cache may hold at each site, the least recently pulled go first. */
  readonly maxBytes?: number;
}

/** Where content comes from: another registry, or repositories of this one. */
export type UpstreamOrigin =
  | {
      readonly kind: 'remote';
      /** Of the registry, without `/v2/`; may end in a path that stands before every name. */
      readonly url: string;
      readonly credentials?: UpstreamCredentials;
      /** Hosts besides the upstream's own domain that may be shown its credentials (A29). */
      readonly realmHosts: readonly string[];
      /** Whether `alpine` is asked for as `library/alpine`, as at Docker Hub. */
      readonly rewritesLibrary: boolean;
      /** Connections at once. */
      readonly maxConcurrency: number;
      /** To the head of an answer, and of silence within a body. */
      readonly timeoutMs: number;
      /** A PEM certificate that is trusted besides the system's. */
      readonly ca?: string;
    }
  | {
      readonly kind: 'local';
      /** What stands before the image's name in this registry. */
      readonly prefix: RepositoryName;
    };

export interface UpstreamCredentials {
  readonly username: string;
  /** Sealed by the cluster's key; never shown. */
  readonly sealedPassword: string;
  /** Changes whenever they do, so that no token of older ones is used again (V21). */
  readonly version: string;
}

/** An upstream. Several registries may list one, and then share what was cached of it. */
export interface VirtualUpstream {
  /** Lower case, unique among upstreams. */
  readonly name: string;
  readonly description: string;
  readonly origin: UpstreamOrigin;
  /** How long a tag is answered without asking; 0 for ever. */
  readonly validityHours: number;
  /** How long it is believed that the upstream has no such tag, 0 to 60. */
  readonly negativeTtlSeconds: number;
  /** Images, by their path, that it may answer for; all of them where empty. */
  readonly allow: readonly PathPattern[];
  /** Images that it may not answer for, whatever `allow` says. */
  readonly deny: readonly PathPattern[];
  /** Images that only this upstream, and others that say so too, may answer for (A35). */
  readonly exclusive: readonly PathPattern[];
  /** What becomes of a cached tag that the upstream has no more, once its validity is over (V8). */
  readonly whenGone: 'forget' | 'keep';
  /** The registry that clients name in `?ns=` for it, as `docker.io`. */
  readonly namespace?: string;
  /** When a secondary asks the primary's cache before the upstream. */
  readonly viaPrimary: 'first' | 'when-limited' | 'never';
}

/** What is purged: everything cached of the upstream, of one image, or one entry of it. */
export interface Purge {
  readonly upstream: string;
  readonly image?: RepositoryName;
  /** With `image`. */
  readonly reference?: Reference;
}

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
  /** Creates or replaces it whole. Idempotent. */
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
