/** Memory maker of `RefreshTokens`. */
import type { RefreshToken, RefreshTokens } from '../refresh-tokens.ts';

export class MemoryRefreshTokens implements RefreshTokens {
  readonly #tokens = new Map<string, RefreshToken>();

  async record(token: RefreshToken): Promise<void> {
    if (!this.#tokens.has(token.secretHash)) this.#tokens.set(token.secretHash, { ...token });
  }

  async find(secretHash: string): Promise<RefreshToken | undefined> {
    return this.#tokens.get(secretHash);
  }

  async revokeFamily(family: string): Promise<void> {
    this.#deleteWhere((token) => token.family === family);
  }

  async deleteExpired(now: Date): Promise<number> {
    return this.#deleteWhere((token) => token.expiresAt <= now);
  }

  #deleteWhere(isOver: (token: RefreshToken) => boolean): number {
    const over = [...this.#tokens.values()].filter(isOver);
    for (const { secretHash } of over) this.#tokens.delete(secretHash);
    return over.length;
  }
}
