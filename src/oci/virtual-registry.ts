/**
 * Virtual registries and their upstreams as operators set them, and as they travel between sites:
 * plain values without times, so that each is its own JSON.
 */
import type { PathPattern } from './path-pattern.ts';
import type { Reference, RepositoryName } from './reference.ts';

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
      /** Where images are copied to of whose pushes it tells by events; none are without. */
      readonly copyTo?: RepositoryName;
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

/** Whether what is cached of the one is content of the other as well: both are the same place. */
export function isSameSource(one: VirtualUpstream, other: VirtualUpstream): boolean {
  return sourceOf(one) === sourceOf(other);
}

/** Where an upstream's content comes from, in one text. */
export function sourceOf({ origin }: VirtualUpstream): string {
  if (origin.kind === 'local') return `local:${origin.prefix}`;
  // `alpine` is another image with and without.
  return origin.rewritesLibrary ? `${origin.url} library` : origin.url;
}
