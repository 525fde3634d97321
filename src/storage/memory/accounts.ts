/** Memory maker of `Accounts`. What it holds is what the facts say, word for word. */
import { isDeepStrictEqual } from 'node:util';
import type { AccessToken, Account, AccountPage, Accounts, Action } from '../accounts.ts';
import type { AccessTokenFact, AccountFact, Fact } from '../change-log.ts';
import type { MemoryFacts } from './facts.ts';

export class MemoryAccounts implements Accounts {
  readonly #facts: MemoryFacts;
  readonly #accounts = new Map<string, AccountFact>();
  readonly #tokens = new Map<string, AccessTokenFact>();

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    facts.addWriter((fact) => this.#write(fact));
  }

  async findAccount(name: string): Promise<Account | undefined> {
    const found = this.#accounts.get(name);
    return found && toAccount(found);
  }

  async findAccountOf(subject: string): Promise<Account | undefined> {
    const found = [...this.#accounts.values()].find((one) => one.subject === subject);
    return found && toAccount(found);
  }

  async listAccounts(page: AccountPage): Promise<Account[]> {
    const { after = '', limit, kinds, memberOf, owner } = page;
    const names = [...this.#accounts.keys()].sort().filter((name) => name > after);
    const found = names
      .map((name) => this.#accounts.get(name)!)
      .filter(({ kind }) => !kinds || kinds.includes(kind))
      .filter(({ groups }) => memberOf === undefined || groups?.includes(memberOf))
      .filter((one) => owner === undefined || `${one.owner}/`.startsWith(`${owner}/`));
    return found.slice(0, limit).map(toAccount);
  }

  async recordAccount(account: Account, before?: Account | 'none'): Promise<boolean> {
    const known = this.#accounts.get(account.name);
    const isAsRead =
      before === undefined || isDeepStrictEqual(known ? toAccount(known) : 'none', before);
    const fact = toFact(account);
    const isChange = isAsRead && !isDeepStrictEqual(known, fact);
    this.#commit({ kind: 'account-recorded', account: fact }, isChange);
    return isAsRead;
  }

  async deleteAccount(name: string): Promise<boolean> {
    return this.#commit({ kind: 'account-deleted', name }, this.#accounts.has(name));
  }

  async findAccessToken(id: string): Promise<AccessToken | undefined> {
    const found = this.#tokens.get(id);
    return found && toAccessToken(found);
  }

  async listAccessTokens(account: string): Promise<AccessToken[]> {
    const found = [...this.#tokens.values()].filter((token) => token.account === account);
    return found.sort((one, other) => (one.id < other.id ? -1 : 1)).map(toAccessToken);
  }

  async recordAccessToken({ expiresAt, ...rest }: AccessToken): Promise<void> {
    if (!this.#accounts.has(rest.account)) throw new Error(`there is no account ${rest.account}`);
    const token = structuredClone({
      ...rest,
      ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    });
    const isKnown = isDeepStrictEqual(this.#tokens.get(token.id), token);
    this.#commit({ kind: 'access-token-recorded', token }, !isKnown);
  }

  async deleteAccessToken(id: string): Promise<boolean> {
    return this.#commit({ kind: 'access-token-deleted', id }, this.#tokens.has(id));
  }

  #commit(fact: Fact, isChange: boolean): boolean {
    this.#facts.assertPrimary();
    if (isChange) this.#facts.commit(fact);
    return isChange;
  }

  /** Whoever belonged to a group that is no more must not belong to its successor. */
  #leave({ groups: before, ...account }: AccountFact, group: string): void {
    if (!before?.includes(group)) return;
    const groups = before.filter((name) => name !== group);
    this.#accounts.set(account.name, groups.length > 0 ? { ...account, groups } : account);
  }

  #write(fact: Fact): void {
    if (fact.kind === 'account-recorded') {
      this.#accounts.set(fact.account.name, fact.account);
    } else if (fact.kind === 'account-deleted') {
      this.#accounts.delete(fact.name);
      for (const account of this.#accounts.values()) this.#leave(account, fact.name);
      for (const token of this.#tokens.values()) {
        if (token.account === fact.name) this.#tokens.delete(token.id);
      }
    } else if (fact.kind === 'access-token-recorded') {
      this.#tokens.set(fact.token.id, fact.token);
    } else if (fact.kind === 'access-token-deleted') {
      this.#tokens.delete(fact.id);
    }
  }
}

function toAccount(fact: AccountFact): Account {
  const { tokensValidAfter, expiresAt, ...rest } = structuredClone(fact);
  const expiry = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) };
  return { ...rest, ...expiry, tokensValidAfter: new Date(tokensValidAfter) } as Account;
}

function toFact({ tokensValidAfter, expiresAt, ...rest }: Account): AccountFact {
  return structuredClone({
    ...rest,
    tokensValidAfter: tokensValidAfter.toISOString(),
    ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}),
  });
}

function toAccessToken(fact: AccessTokenFact): AccessToken {
  const { expiresAt, actions, ...rest } = structuredClone(fact);
  const token = { ...rest, actions: actions as Action[] };
  return expiresAt === undefined ? token : { ...token, expiresAt: new Date(expiresAt) };
}
