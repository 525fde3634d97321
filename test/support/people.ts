/** Accounts, sites and keys in memory, for registries in tests. */
import type { AccessToken, Account, Accounts } from '../../src/storage/accounts.ts';
import type { Identity, IdentityStore, UploadKey } from '../../src/storage/identity.ts';
import type { RefreshToken, RefreshTokens } from '../../src/storage/refresh-tokens.ts';
import type { Site, Sites } from '../../src/storage/sites.ts';

export class MemoryAccounts implements Accounts {
  readonly #accounts = new Map<string, Account>();
  async findAccount(name: string): Promise<Account | undefined> {
    return this.#accounts.get(name);
  }
  async listAccounts(): Promise<Account[]> {
    return [...this.#accounts.values()];
  }
  async recordAccount(account: Account): Promise<void> {
    this.#accounts.set(account.name, account);
  }
  async deleteAccount(name: string): Promise<boolean> {
    return this.#accounts.delete(name);
  }
  async findAccessToken(): Promise<AccessToken | undefined> {
    return undefined;
  }
  async listAccessTokens(): Promise<AccessToken[]> {
    return [];
  }
  async recordAccessToken(): Promise<void> {}
  async deleteAccessToken(): Promise<boolean> {
    return false;
  }
}

export class MemoryIdentityStore implements IdentityStore {
  #keys: UploadKey[] = [];
  async find(): Promise<Identity | undefined> {
    return undefined;
  }
  async establish(identity: Identity): Promise<Identity> {
    return identity;
  }
  async listUploadKeys(): Promise<UploadKey[]> {
    return this.#keys;
  }
  async recordUploadKey(key: UploadKey): Promise<void> {
    this.#keys = [key, ...this.#keys];
  }
  async deleteUploadKey(kid: string): Promise<void> {
    this.#keys = this.#keys.filter((key) => key.kid !== kid);
  }
}

export class MemoryRefreshTokens implements RefreshTokens {
  readonly #tokens = new Map<string, RefreshToken>();
  async record(token: RefreshToken): Promise<void> {
    this.#tokens.set(token.secretHash, token);
  }
  async find(secretHash: string): Promise<RefreshToken | undefined> {
    return this.#tokens.get(secretHash);
  }
  async revokeFamily(): Promise<void> {}
  async revokeAccount(): Promise<void> {}
  async deleteExpired(): Promise<number> {
    return 0;
  }
}

export class MemorySites implements Pick<Sites, 'listSites'> {
  async listSites(): Promise<Site[]> {
    return [];
  }
}
