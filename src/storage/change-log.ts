/**
 * PORT: the change log — every fact of a site, in commit order.
 *
 * The primary appends one row per fact in the transaction of the fact. A secondary writes the same
 * rows, at the same positions, in the transaction in which it applies them; so at either site
 * `head()` says exactly which state the site's tables are in. Positions have no gaps.
 */
import type { Digest } from '../oci/digest.ts';
import type { Policy, PolicyKey } from '../oci/lifecycle/policy.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { Place } from '../oci/place.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { Purge, VirtualRegistry, VirtualUpstream } from '../oci/virtual-registry.ts';

/** What happened, complete enough that a replica needs to ask nothing. */
export type Fact =
  | {
      readonly kind: 'manifest-recorded';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly mediaType: string;
      readonly sizeBytes: number;
      readonly tags: readonly Tag[];
      readonly actor: string;
      /** base64. Filled by `list` where asked; absent where the manifest is deleted since. */
      readonly content?: string;
      /**
       * ISO 8601. Of tags in a snapshot, which have no row of the log to say it, and of those that
       * came to another name with their image; they were pushed by the actor.
       */
      readonly pushedAt?: string;
      /** Under which name it was before, where it was moved. */
      readonly movedFrom?: RepositoryName;
    }
  | {
      readonly kind: 'tag-deleted';
      readonly repository: RepositoryName;
      readonly tag: Tag;
      readonly actor: string;
    }
  | {
      readonly kind: 'manifest-deleted';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly actor: string;
    }
  | {
      readonly kind: 'blob-linked';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly actor: string;
    }
  | {
      readonly kind: 'blob-unlinked';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly actor: string;
    }
  /** With every tag, manifest and link in it. */
  | {
      readonly kind: 'repository-deleted';
      readonly repository: RepositoryName;
      readonly actor: string;
      /** Where all of it is now, where it was moved. */
      readonly movedTo?: RepositoryName;
    }
  | { readonly kind: 'account-recorded'; readonly account: AccountFact }
  | { readonly kind: 'account-deleted'; readonly name: string }
  | { readonly kind: 'access-token-recorded'; readonly token: AccessTokenFact }
  | { readonly kind: 'access-token-deleted'; readonly id: string }
  | { readonly kind: 'site-recorded'; readonly site: SiteFact }
  | { readonly kind: 'site-deleted'; readonly name: string }
  | { readonly kind: 'site-ordered'; readonly order: SiteOrder }
  | { readonly kind: 'upstream-recorded'; readonly upstream: VirtualUpstream }
  /** With its place in every virtual registry, and what is cached of it at every site. */
  | { readonly kind: 'upstream-deleted'; readonly name: string }
  | { readonly kind: 'virtual-registry-recorded'; readonly registry: VirtualRegistry }
  | { readonly kind: 'virtual-registry-deleted'; readonly name: string }
  | { readonly kind: 'cache-purged'; readonly purge: Purge }
  | { readonly kind: 'policy-recorded'; readonly policy: Policy }
  | { readonly kind: 'policy-deleted'; readonly policy: PolicyKey };

/** An account as it travels: whole, so that applying it is one upsert. Times are ISO 8601. */
export interface AccountFact {
  readonly name: string;
  readonly kind: 'person' | 'robot' | 'group';
  readonly passwordHash?: string;
  readonly isDisabled: boolean;
  readonly tokensValidAfter: string;
  readonly grants: readonly {
    readonly pattern: PathPattern;
    readonly actions: readonly string[];
  }[];
  readonly groups?: readonly string[];
  readonly expiresAt?: string;
  readonly owner?: string;
  readonly subject?: string;
  readonly externalName?: string;
}

export interface AccessTokenFact {
  readonly id: string;
  readonly account: string;
  readonly label: string;
  readonly secretHash: string;
  readonly actions: readonly string[];
  readonly patterns: readonly PathPattern[];
  readonly expiresAt?: string;
}

export interface SiteFact {
  readonly name: string;
  readonly url: string;
  /** Public key as JWK; its thumbprint is the `kid` of the site's tokens. */
  readonly publicKey: Readonly<Record<string, unknown>>;
  /** Where on the earth it stands, in degrees. */
  readonly place?: Place;
  /** A paused site goes on following and answering, and copies no blobs. */
  readonly isPaused?: boolean;
}

/**
 * What an operator wants a site to do once. It travels in the log, since a site need not be
 * reachable from its primary.
 *
 * - `resync`: look for every blob that the facts name, and want anew what is missing
 * - `reverify`: read every byte again, and bring again what is damaged
 * - `reconcile`: compare the facts with the primary's by checksums, and set right what differs
 */
export interface SiteOrder {
  /** UUID. */
  readonly id: string;
  readonly site: string;
  readonly kind: 'resync' | 'reverify' | 'reconcile';
  /** Only this repository; the whole site where absent. */
  readonly repository?: RepositoryName;
  /** Only this manifest and what it names; with `repository`. */
  readonly digest?: Digest;
}

export interface Change {
  readonly position: number;
  /** Raised by each switchover. */
  readonly epoch: number;
  /** When the fact was committed, by the primary's clock. */
  readonly at: Date;
  readonly fact: Fact;
}

/** Where the log stands, and how sure a secondary is that there is nothing behind it. */
export interface LogHead {
  readonly position: number;
  /**
   * The watermark: so many milliseconds ago, at the moment of this answer, nothing lay behind the
   * position at the primary. `undefined` at a secondary that never heard so, and 0 at a primary.
   */
  readonly ageMs?: number;
  /**
   * How often facts of this site were set right beside the log, by a comparison with the primary;
   * absent for never. Where it has grown, whatever is remembered of facts may be untrue.
   */
  readonly repairs?: number;
}

/** What the primary's feed proved: so many milliseconds ago nothing lay behind that position. */
export interface Proof {
  readonly position: number;
  readonly ageMs: number;
}

export interface ChangeLog {
  /**
   * Position of the last committed change, 0 for none. Never older than the call: a query that was
   * already under way is not shared, the next one is shared by all who wait for it.
   */
  head(): Promise<number>;

  /** The head with its watermark, read as {@link head} is; the time is the store's clock's. */
  readHead(): Promise<LogHead>;

  /** Position of the oldest change that is still in the log, less one: a reader may begin there. */
  tail(): Promise<number>;

  /**
   * Forgets the changes up to a position; the newest is kept always. Facts stay as they are.
   * Idempotent. @returns how many were forgotten
   */
  trim(upTo: number): Promise<number>;

  /** Position of the last change that was committed before that time; the tail for none. */
  positionAt(time: Date): Promise<number>;

  /**
   * Changes behind `after`, in order; manifests with their content where that is asked for. Such a
   * page may end early, though never empty, so that it fits into memory.
   */
  list(page: {
    readonly after: number;
    readonly limit: number;
    readonly withContent?: boolean;
  }): Promise<Change[]>;

  /** Calls the listener soon after each commit, once for several; gives the way to stop it. */
  watch(listener: () => void): () => void;

  /**
   * At a secondary: writes the facts and their rows in one transaction, and the proof with them.
   * Idempotent: what lies at or before the head is passed over. Throws where a position is left
   * out.
   */
  apply(changes: readonly Change[], proof?: Proof): Promise<void>;

  /** At a secondary: notes a proof where this site's head is at its position. Never goes back. */
  recordProof(proof: Proof): Promise<void>;

  /**
   * At a secondary: after a snapshot was taken over, lets the log begin anew behind that position.
   * The rows before it are gone; whoever remembers facts must forget them all. What is cached of
   * upstreams goes, since one of those rows may have purged it.
   *
   * @throws Error where this site is further: another of its processes leads by now
   */
  restartAt(position: number, epoch: number): Promise<void>;
}
