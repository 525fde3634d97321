/**
 * PORT: accounts, what they may, and their access tokens. Changing methods append to the change log
 * in their transaction, so that people log in at every site.
 */
import type { Action } from '../oci/action.ts';
import type { PathPattern } from '../oci/path-pattern.ts';

export type { Action };

export interface Grant {
  readonly pattern: PathPattern;
  readonly actions: readonly Action[];
}

/**
 * A group is kept as an account that nobody logs in as: it has a name among theirs, and grants that
 * its members have beside their own.
 */
export const ACCOUNT_KINDS = ['person', 'robot', 'group'] as const;

export type AccountKind = (typeof ACCOUNT_KINDS)[number];

export interface Account {
  /** Lower case, unique. */
  readonly name: string;
  readonly kind: AccountKind;
  /** argon2id; absent where the account logs in by access token only. */
  readonly passwordHash?: string;
  readonly isDisabled: boolean;
  /** Tokens issued before this moment are refused (A23). */
  readonly tokensValidAfter: Date;
  readonly grants: readonly Grant[];
  /** Names of the groups that it belongs to, in their order; absent for none. */
  readonly groups?: readonly string[];
  /** From then on it counts as disabled. */
  readonly expiresAt?: Date;
  /** Of a robot: the path whose administrators keep it. */
  readonly owner?: string;
  /** Of a person: whom an identity provider knows them as, its address and its word for them. */
  readonly subject?: string;
  /** Of a group: what an identity provider calls it; its members are then whom that names. */
  readonly externalName?: string;
}

export interface AccountPage {
  readonly after?: string;
  readonly limit: number;
  /** These alone; all where absent. */
  readonly kinds?: readonly AccountKind[];
  /** Members of that group alone. */
  readonly memberOf?: string;
  /** Those alone that this path, or one below it, owns. */
  readonly owner?: string;
}

/** A secret that stands in for an account's password, for less than the account may. */
export interface AccessToken {
  /** A UUID; part of the secret, so that it is found without a scan. */
  readonly id: string;
  readonly account: string;
  readonly label: string;
  /** sha256 of the secret, hex: it is random and long, so it needs no slow hash. */
  readonly secretHash: string;
  /** At most these of the account's rights; empty for all of them. */
  readonly actions: readonly Action[];
  /** Only on these paths; empty for all of the account's. */
  readonly patterns: readonly PathPattern[];
  readonly expiresAt?: Date;
}

export interface Accounts {
  findAccount(name: string): Promise<Account | undefined>;
  /** The account that an identity provider knows by that word. */
  findAccountOf(subject: string): Promise<Account | undefined>;
  /** By name, keyset pages. */
  listAccounts(page: AccountPage): Promise<Account[]>;
  /**
   * Creates or replaces it whole. Idempotent. With `before`, only where the account still is what
   * was read then (`'none'` for not there): of two changes at once the second sees the first.
   * @returns whether it is so now
   */
  recordAccount(account: Account, before?: Account | 'none'): Promise<boolean>;
  /** With its access tokens; of a group, its members leave it. @returns whether it was there. */
  deleteAccount(name: string): Promise<boolean>;
  findAccessToken(id: string): Promise<AccessToken | undefined>;
  listAccessTokens(account: string): Promise<AccessToken[]>;
  recordAccessToken(token: AccessToken): Promise<void>;
  /** @returns whether it was there. */
  deleteAccessToken(id: string): Promise<boolean>;
}
