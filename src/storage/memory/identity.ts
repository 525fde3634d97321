/** Memory maker of `IdentityStore`. */
import type { Identity, IdentityStore, UploadKey } from '../identity.ts';

export class MemoryIdentityStore implements IdentityStore {
  #identity: Identity | undefined;
  readonly #keys = new Map<string, UploadKey>();

  async find(): Promise<Identity | undefined> {
    return this.#identity;
  }

  async establish(identity: Identity): Promise<Identity> {
    this.#identity ??= { ...identity };
    return this.#identity;
  }

  async listUploadKeys(): Promise<UploadKey[]> {
    return [...this.#keys.values()].sort(compareKeys);
  }

  async recordUploadKey(key: UploadKey): Promise<void> {
    if (!this.#keys.has(key.kid)) this.#keys.set(key.kid, { ...key });
  }

  async deleteUploadKey(kid: string): Promise<void> {
    this.#keys.delete(kid);
  }
}

/** Newest first; all machines agree on the order of two of the same moment. */
function compareKeys(one: UploadKey, other: UploadKey): number {
  const age = other.createdAt.getTime() - one.createdAt.getTime();
  return age !== 0 ? age : one.kid < other.kid ? -1 : 1;
}
