/**
 * What a browser carries while it is away at the identity provider: the secrets of its sign-in,
 * sealed in a cookie, so that any machine of the site can go on with it, and nobody read it.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Randomness } from '../../randomness.ts';
import type { SignInAttempt } from '../../storage/people/identity-provider.ts';

export interface TravellingAttempt extends SignInAttempt {
  /** A path of this site. */
  readonly returnPath: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface Dependencies {
  /** Of the site, which all its machines have. */
  readonly privateKey: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly randomness: Pick<Randomness, 'bytes'>;
}

/** A browser that is away for longer begins anew. */
export const ATTEMPT_SECONDS = 10 * 60;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class SealedAttempts {
  readonly #key: Buffer;
  readonly #clock: Dependencies['clock'];
  readonly #randomness: Dependencies['randomness'];

  constructor({ privateKey, clock, randomness }: Dependencies) {
    this.#key = Buffer.from(hkdfSync('sha256', privateKey, '', 'meridian sign-in', 32));
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /** An attempt with secrets of its own, and what the browser carries of it. */
  begin(redirectUrl: string, returnPath: string) {
    const word = () => this.#randomness.bytes(32).toString('base64url');
    const expiresAt = this.#clock.now().getTime() + ATTEMPT_SECONDS * 1000;
    const secrets = { state: word(), nonce: word(), codeVerifier: word() };
    const attempt: TravellingAttempt = { redirectUrl, returnPath, expiresAt, ...secrets };
    return { attempt, carried: this.#close(attempt) };
  }

  /** The attempt that a browser carried; `undefined` for what is over or was not sealed here. */
  resume(carried: string): TravellingAttempt | undefined {
    const attempt = this.#open(carried);
    return attempt && attempt.expiresAt > this.#clock.now().getTime() ? attempt : undefined;
  }

  /** @returns base64url: nonce, tag, and what is sealed */
  #close(attempt: TravellingAttempt): string {
    const nonce = this.#randomness.bytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(attempt), 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  #open(text: string): TravellingAttempt | undefined {
    const bytes = Buffer.from(text, 'base64url');
    const behind = NONCE_BYTES + TAG_BYTES;
    if (bytes.length <= behind) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, behind));
    try {
      const plain = Buffer.concat([decipher.update(bytes.subarray(behind)), decipher.final()]);
      return JSON.parse(plain.toString('utf8')) as TravellingAttempt;
    } catch {
      return undefined;
    }
  }
}
