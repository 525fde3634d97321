/**
 * The token by which external registries tell of their images. It is made of a random word, which
 * the database has, and of the key of the cluster, which it has not: so it can be shown again, and
 * nobody who reads the database alone can make it.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { RegistryError } from '../oci/error.ts';
import type { Randomness } from '../randomness.ts';
import type { EventTokens } from '../storage/events/event-tokens.ts';

interface Dependencies {
  readonly eventTokens: EventTokens;
  readonly randomness: Pick<Randomness, 'bytes'>;
  /** Of the cluster; absent at a site that was given none. */
  readonly secretKey: Buffer | undefined;
}

const PREFIX = 'mre_';
const FORM = /^mre_[A-Za-z0-9_-]{43}$/;
const NONCE_BYTES = 32;

/** Whether the text could be such a token: so that no other credential goes any further. */
export function isEventToken(text: string): boolean {
  return FORM.test(text);
}

export class EventToken {
  readonly #tokens: EventTokens;
  readonly #randomness: Dependencies['randomness'];
  readonly #secretKey: Buffer | undefined;

  constructor({ eventTokens, randomness, secretKey }: Dependencies) {
    this.#tokens = eventTokens;
    this.#randomness = randomness;
    this.#secretKey = secretKey;
  }

  /** The one that holds; the first call makes it. @throws RegistryError without a key */
  async show(): Promise<string> {
    const nonce = (await this.#tokens.find()) ?? (await this.#tokens.establish(this.#makeNonce()));
    return this.#tokenOf(nonce);
  }

  /** Makes another one; the one before opens nothing any more. @throws RegistryError */
  async reset(): Promise<string> {
    const nonce = this.#makeNonce();
    const token = this.#tokenOf(nonce);
    await this.#tokens.replace(nonce);
    return token;
  }

  /** In a time that says nothing of the token. */
  async isRight(text: string): Promise<boolean> {
    const nonce = isEventToken(text) ? await this.#tokens.find() : undefined;
    if (nonce === undefined || !this.#secretKey) return false;
    return timingSafeEqual(hashOf(text), hashOf(this.#tokenOf(nonce)));
  }

  #makeNonce(): string {
    return this.#randomness.bytes(NONCE_BYTES).toString('base64url');
  }

  #tokenOf(nonce: string): string {
    if (!this.#secretKey) {
      const message = 'this needs the key of the cluster: set MERIDIAN_SECRET_KEY';
      throw new RegistryError('UNSUPPORTED', { status: 409, message });
    }
    const mac = createHmac('sha256', this.#secretKey).update(`registry events ${nonce}`);
    return PREFIX + mac.digest('base64url');
  }
}

/** All of one length, so that they can be compared. */
function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
