/** Memory maker of `SecretKeyStore`. */
import type { SecretKeyStore } from '../secret-key.ts';

export class MemorySecretKeyStore implements SecretKeyStore {
  #key: Buffer | undefined;

  async find(): Promise<Buffer | undefined> {
    return this.#key && Buffer.from(this.#key);
  }

  async establish(key: Buffer): Promise<Buffer> {
    this.#key ??= Buffer.from(key);
    return Buffer.from(this.#key);
  }

  async replace(key: Buffer): Promise<void> {
    this.#key = Buffer.from(key);
  }
}
