/** Memory maker of `Accounts`. What it holds is what the facts say, word for word. */
import { isDeepStrictEqual } from 'node:util';
import type { AccessToken, Account, Accounts, Action } from '../accounts.ts';
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

  async listAccounts(page: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<Account[]> {
    const names = [...this.#accounts.keys()].sort().filter((name) => name > (page.after ?? ''));
    return names.slice(0, page.limit).map((name) => toAccount(this.#accounts.get(name)!));
  }

  async recordAccount(account: Account, before?: Account | 'none'): Promise<boolean> {
    const known = this.#accounts.get(account.name);
    const isAsRead =
      before === undefined || isDeepStrictEqual(known ? toAccount(known) : 'none', before);
    const tokensValidAfter = account.tokensValidAfter.toISOString();
    const fact = structuredClone({ ...account, tokensValidAfter });
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

  #write(fact: Fact): void {
    if (fact.kind === 'account-recorded') {
      this.#accounts.set(fact.account.name, fact.account);
    } else if (fact.kind === 'account-deleted') {
      this.#accounts.delete(fact.name);
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
  const { tokensValidAfter, ...rest } = structuredClone(fact);
  return { ...rest, tokensValidAfter: new Date(tokensValidAfter) } as Account;
}

function toAccessToken(fact: AccessTokenFact): AccessToken {
  const { expiresAt, actions, ...rest } = structuredClone(fact);
  const token = { ...rest, actions: actions as Action[] };
  return expiresAt === undefined ? token : { ...token, expiresAt: new Date(expiresAt) };
}
