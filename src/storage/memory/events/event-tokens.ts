/** Memory maker of `EventTokens`. */
import type { EventTokens } from '../../events/event-tokens.ts';

export class MemoryEventTokens implements EventTokens {
  #nonce: string | undefined;

  async find(): Promise<string | undefined> {
    return this.#nonce;
  }

  async establish(nonce: string): Promise<string> {
    return (this.#nonce ??= nonce);
  }

  async replace(nonce: string): Promise<void> {
    this.#nonce = nonce;
  }
}
