/**
 * Who is known here: accounts and access tokens, remembered, and forgotten in the moment in which
 * they change anywhere (A23).
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Coherence, Memory } from '../coherence.ts';
import type { AccessToken, Account, Accounts } from '../storage/accounts.ts';
import type { Change } from '../storage/change-log.ts';
import type { Principal } from './access.ts';

interface Dependencies {
  readonly accounts: Pick<Accounts, 'findAccount' | 'findAccessToken'>;
  readonly coherence: Coherence;
  readonly clock: Clock;
}

const MAX_REMEMBERED = 10_000;

/** "Not there" is remembered as well. */
interface Answer<Value> {
  readonly value: Value | undefined;
}

export class Principals implements Memory {
  readonly #source: Dependencies['accounts'];
  readonly #coherence: Coherence;
  readonly #clock: Clock;
  readonly #accounts = new LRUCache<string, Answer<Account>>({ max: MAX_REMEMBERED });
  readonly #accessTokens = new LRUCache<string, Answer<AccessToken>>({ max: MAX_REMEMBERED });

  constructor({ accounts, coherence, clock }: Dependencies) {
    this.#source = accounts;
    this.#coherence = coherence;
    this.#clock = clock;
    coherence.add(this);
  }

  /**
   * Makes what is remembered true; called once at the start of each request.
   * @param asOf position that the request learned already, if it did
   * @returns the position of the change log up to which it is
   */
  catchUp(asOf?: number): Promise<number> {
    return this.#coherence.catchUp(asOf);
  }

  /**
   * The account of that name with the grants of its groups among its own, true as of the last
   * `catchUp()`; one that has expired is disabled. A group is nobody.
   */
  async findAccount(name: string): Promise<Account | undefined> {
    const account = await this.#recallAccount(name);
    if (!account || account.kind === 'group') return undefined;
    const found = isExpired(account, this.#clock.now())
      ? { ...account, isDisabled: true }
      : account;
    if (!found.groups) return found;
    const groups = await Promise.all(found.groups.map((group) => this.#recallAccount(group)));
    return withGrantsOf(groups, found);
  }

  /** The access token, unless it has expired; true as of the last `catchUp()`. */
  async findAccessToken(id: string): Promise<AccessToken | undefined> {
    const token = await this.#recall(this.#accessTokens, id, () =>
      this.#source.findAccessToken(id),
    );
    return token && isExpired(token, this.#clock.now()) ? undefined : token;
  }

  /**
   * Whoever was proven earlier, if that still counts: `undefined` where the account or its access
   * token is gone, disabled or expired, or where the account ended its tokens since `validAfter`.
   */
  async find(earlier: {
    readonly account: string;
    readonly accessToken?: string;
    readonly validAfter: number;
  }): Promise<Principal | undefined> {
    const account = await this.findAccount(earlier.account);
    if (!account || account.isDisabled) return undefined;
    if (earlier.validAfter < account.tokensValidAfter.getTime()) return undefined;
    if (earlier.accessToken === undefined) return { account };
    const accessToken = await this.findAccessToken(earlier.accessToken);
    return accessToken?.account === account.name ? { account, accessToken } : undefined;
  }

  forget({ fact }: Change): void {
    if (fact.kind === 'account-recorded') this.#accounts.delete(fact.account.name);
    else if (fact.kind === 'access-token-recorded') this.#accessTokens.delete(fact.token.id);
    else if (fact.kind === 'access-token-deleted') this.#accessTokens.delete(fact.id);
    // An account takes its access tokens along.
    else if (fact.kind === 'account-deleted') this.clear();
  }

  clear(): void {
    this.#accounts.clear();
    this.#accessTokens.clear();
  }

  #recallAccount(name: string): Promise<Account | undefined> {
    return this.#recall(this.#accounts, name, () => this.#source.findAccount(name));
  }

  async #recall<Value>(
    memory: LRUCache<string, Answer<Value>>,
    key: string,
    read: () => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    const known = memory.get(key);
    if (known) return known.value;
    const before = this.#coherence.position;
    const value = await read();
    if (this.#coherence.position === before) memory.set(key, { value });
    return value;
  }
}

/** The account with the grants of those of its groups that are there and not disabled. */
export function withGrantsOf(groups: readonly (Account | undefined)[], account: Account): Account {
  const counting = groups.filter((one) => one?.kind === 'group' && !one.isDisabled);
  return { ...account, grants: [...account.grants, ...counting.flatMap((one) => one!.grants)] };
}

function isExpired({ expiresAt }: { readonly expiresAt?: Date }, now: Date): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
