/**
 * Refresh tokens: what `docker login` keeps instead of the password (distribution,
 * docs/spec/auth/token.md, "refresh_token"; docs/spec/auth/oauth.md).
 *
 * The same one is given back at each use, and is not replaced by a successor:
 *
 * > refresh_token: … in case of a refresh grant the same refresh token is returned (oauth.md)
 *
 * docker and podman write it down at log-in and never again, so a successor would be lost, and the
 * second pull would look like a theft. What rotation is for is had otherwise: a refresh token is
 * opaque, bound to one account, one site and one service, never accepted by the registry itself,
 * dies with the access token that it was asked with, and ends by log-out, by a new password, by
 * disabling or deleting the account, and by age (A24).
 */
import type { Clock } from '../clock.ts';
import type { Randomness } from '../randomness.ts';
import type { RefreshTokens } from '../storage/refresh-tokens.ts';
import type { Principal } from './access.ts';
import { generateRefreshTokenSecret, hashSecret } from './passwords.ts';
import type { Principals } from './principals.ts';

interface Dependencies {
  readonly refreshTokens: Pick<RefreshTokens, 'record' | 'find' | 'revokeFamily'>;
  readonly principals: Principals;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** {@link LOG_IN_MS} unless given. */
  readonly lifetimeMs?: number;
}

/** How long a log-in lasts: 90 days. */
const LOG_IN_MS = 90 * 24 * 60 * 60 * 1000;

export class Refresh {
  readonly #refreshTokens: Dependencies['refreshTokens'];
  readonly #principals: Principals;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly lifetimeMs: number;

  constructor({ refreshTokens, principals, clock, randomness, lifetimeMs }: Dependencies) {
    this.#refreshTokens = refreshTokens;
    this.#principals = principals;
    this.#clock = clock;
    this.#randomness = randomness;
    this.lifetimeMs = lifetimeMs ?? LOG_IN_MS;
  }

  /** Begins a log-in. @returns the secret, which is kept as a hash only. */
  async begin({ account, accessToken }: Principal, service: string): Promise<string> {
    const secret = generateRefreshTokenSecret(this.#randomness);
    // The account's moment comes from the primary's clock, which may be ahead of ours.
    const now = this.#clock.now().getTime();
    const issuedAt = new Date(Math.max(now, account.tokensValidAfter.getTime()));
    await this.#refreshTokens.record({
      secretHash: hashSecret(secret),
      family: this.#randomness.uuid(),
      account: account.name,
      ...(accessToken ? { accessToken: accessToken.id } : {}),
      service,
      issuedAt,
      expiresAt: new Date(now + this.lifetimeMs),
    });
    return secret;
  }

  /** Who logged in with it, or `undefined` where it is unknown, over, or for another service. */
  async resume(secret: string, service: string): Promise<Principal | undefined> {
    const token = await this.#refreshTokens.find(hashSecret(secret));
    if (!token || token.service !== service || token.expiresAt <= this.#clock.now()) {
      return undefined;
    }
    await this.#principals.catchUp();
    const { account, accessToken } = token;
    const validAfter = token.issuedAt.getTime();
    return this.#principals.find({
      account,
      validAfter,
      ...(accessToken === undefined ? {} : { accessToken }),
    });
  }

  /** Ends the log-in. Idempotent; says nothing about whether there was one (RFC 7009). */
  async end(secret: string): Promise<void> {
    const token = await this.#refreshTokens.find(hashSecret(secret));
    if (token) await this.#refreshTokens.revokeFamily(token.family);
  }
}
