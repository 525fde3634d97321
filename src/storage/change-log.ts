/**
 * PORT: the change log — every fact of a site, in commit order.
 *
 * The primary appends one row per fact in the transaction of the fact. A secondary writes the same
 * rows, at the same positions, in the transaction in which it applies them; so at either site
 * `head()` says exactly which state the site's tables are in. Positions have no gaps.
 */
import type { Digest } from '../oci/digest.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';

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
  | { readonly kind: 'account-recorded'; readonly account: AccountFact }
  | { readonly kind: 'account-deleted'; readonly name: string }
  | { readonly kind: 'access-token-recorded'; readonly token: AccessTokenFact }
  | { readonly kind: 'access-token-deleted'; readonly id: string }
  | { readonly kind: 'site-recorded'; readonly site: SiteFact }
  | { readonly kind: 'site-deleted'; readonly name: string };

/** An account as it travels: whole, so that applying it is one upsert. Times are ISO 8601. */
export interface AccountFact {
  readonly name: string;
  readonly kind: 'person' | 'robot';
  readonly passwordHash?: string;
  readonly isDisabled: boolean;
  readonly tokensValidAfter: string;
  readonly grants: readonly {
    readonly pattern: PathPattern;
    readonly actions: readonly string[];
  }[];
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
}

export interface Change {
  readonly position: number;
  /** Raised by each switchover. */
  readonly epoch: number;
  /** When the fact was committed, by the primary's clock. */
  readonly at: Date;
  readonly fact: Fact;
}

export interface ChangeLog {
  /**
   * Position of the last committed change, 0 for none. Never older than the call: a query that was
   * already under way is not shared, the next one is shared by all who wait for it.
   */
  head(): Promise<number>;

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
   * At a secondary: writes the facts and their rows in one transaction. Idempotent: what lies at or
   * before the head is passed over. Throws where a position is left out.
   */
  apply(changes: readonly Change[]): Promise<void>;
}
