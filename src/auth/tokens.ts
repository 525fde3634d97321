/**
 * Bearer tokens: signed here, verified here, at any site (distribution, docs/spec/auth/jwt.md).
 *
 * A token is a ceiling: what it holds was granted when it was issued, and what its account may now
 * is asked at each request.
 */
import jwt, { type JwtPayload } from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Coherence, Memory } from '../coherence.ts';
import type { Access } from '../oci/scope.ts';
import type { Randomness } from '../randomness.ts';
import type { Change } from '../storage/change-log.ts';
import type { SiteKey, SiteKeys } from './site-keys.ts';

/** What a token says. */
export interface Claims {
  /** '' for an anonymous one. */
  readonly account: string;
  /** Id of the access token that it was asked with. */
  readonly accessToken?: string;
  /**
   * The account's `tokensValidAfter` when the token was issued, in milliseconds; 0 for anonymous.
   */
  readonly validAfter: number;
  readonly access: readonly Access[];
  /** Position of the change log that was known when it was issued; whoever issues says nothing. */
  readonly position?: number;
}

export interface IssuedToken {
  readonly token: string;
  readonly issuedAt: Date;
  readonly expiresInSeconds: number;
}

interface Dependencies {
  readonly siteKeys: SiteKeys;
  readonly coherence: Coherence;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Name of the cluster, the audience of all tokens. */
  readonly service: string;
  /** How long a token is good for. Clients take less than 60 for 60 (T15). */
  readonly ttlSeconds: number;
}

const ALGORITHM = 'ES256';
const TYPE = 'JWT';

/** Clocks of sites differ (T15). */
const LEEWAY_SECONDS = 60;

/** Longer ones never came from us: scopes are capped at 8 KiB. */
const MAX_LENGTH = 16 * 1024;

/** Room for the tokens that are remembered as verified, in characters. */
const CACHE_LENGTH = 16 * 1024 * 1024;

interface Verified {
  readonly claims: Claims;
  /** Seconds since 1970, leeway included. */
  readonly until: number;
}

export class Tokens implements Memory {
  readonly #siteKeys: SiteKeys;
  readonly #coherence: Coherence;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #service: string;
  readonly #ttlSeconds: number;
  readonly #verified = new LRUCache<string, Verified>({
    maxSize: CACHE_LENGTH,
    sizeCalculation: (_, token) => token.length,
  });

  constructor({ siteKeys, coherence, clock, randomness, service, ttlSeconds }: Dependencies) {
    this.#siteKeys = siteKeys;
    this.#coherence = coherence;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#service = service;
    this.#ttlSeconds = ttlSeconds;
    coherence.add(this);
  }

  /** So that the next token knows of all that was deleted by now. */
  async catchUp(): Promise<void> {
    await this.#coherence.catchUp();
  }

  /** Signs a token that holds these claims; call `catchUp` before. */
  issue({ account, accessToken, validAfter, access }: Claims): IssuedToken {
    const issuedAt = this.#clock.now();
    const seconds = Math.floor(issuedAt.getTime() / 1000);
    const payload = {
      iss: this.#siteKeys.own.site,
      sub: account,
      aud: this.#service,
      iat: seconds,
      nbf: seconds,
      exp: seconds + this.#ttlSeconds,
      jti: this.#randomness.uuid(),
      access,
      tokens_valid_after: validAfter,
      position: this.#coherence.logPosition,
      ...(accessToken === undefined ? {} : { access_token: accessToken }),
    };
    const token = jwt.sign(payload, this.#siteKeys.privateKey, {
      algorithm: ALGORITHM,
      keyid: this.#siteKeys.own.kid,
    });
    return { token, issuedAt, expiresInSeconds: this.#ttlSeconds };
  }

  /**
   * What the token says, or `undefined` where it is not one of ours, or not good at this moment.
   * True as of the last `catchUp()`.
   */
  async verify(token: string): Promise<Claims | undefined> {
    const now = Math.floor(this.#clock.now().getTime() / 1000);
    const known = this.#verified.get(token);
    if (known) return now < known.until ? known.claims : undefined;
    const before = this.#coherence.position;
    const key = await this.#findKey(token);
    const verified = key && this.#check(token, key, now);
    // A key that was taken away meanwhile must not live on in this memory.
    if (verified && this.#coherence.position === before) this.#verified.set(token, verified);
    return verified?.claims;
  }

  /** A site that is cut off takes its tokens along. */
  forget({ fact }: Change): void {
    if (fact.kind === 'site-recorded' || fact.kind === 'site-deleted') this.clear();
  }

  clear(): void {
    this.#verified.clear();
  }

  async #findKey(token: string): Promise<SiteKey | undefined> {
    const kid = token.length <= MAX_LENGTH ? readKeyId(token) : undefined;
    return kid === undefined ? undefined : this.#siteKeys.find(kid);
  }

  #check(token: string, key: SiteKey, now: number): Verified | undefined {
    try {
      const payload = jwt.verify(token, key.publicKey, {
        algorithms: [ALGORITHM],
        audience: this.#service,
        issuer: key.site,
        clockTimestamp: now,
        clockTolerance: LEEWAY_SECONDS,
      });
      return typeof payload === 'string' ? undefined : readPayload(payload, now);
    } catch {
      return undefined;
    }
  }
}

/**
 * The key that the header names. A header of ours has these three members and no others: neither
 * keys (`jwk`, `x5c`), nor places to fetch them from (`jku`, `x5u`), nor demands (`crit`).
 */
function readKeyId(token: string): string | undefined {
  const header = readHeader(token);
  if (!header || Object.keys(header).length !== 3) return undefined;
  const { alg, typ, kid } = header;
  return alg === ALGORITHM && typ === TYPE && typeof kid === 'string' ? kid : undefined;
}

function readHeader(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8');
    const header: unknown = JSON.parse(text);
    return typeof header === 'object' ? (header as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The library checks the times that are there; here they must be there, and lie in the past (A23).
 */
function readPayload(payload: JwtPayload, now: number): Verified | undefined {
  const { sub, exp, nbf, iat, access, tokens_valid_after: validAfter } = payload;
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof iat !== 'number') {
    return undefined;
  }
  if (iat > now + LEEWAY_SECONDS || typeof sub !== 'string') return undefined;
  if (typeof validAfter !== 'number' || !Array.isArray(access)) return undefined;
  const accessToken: unknown = payload['access_token'];
  const position: unknown = payload['position'];
  return {
    until: exp + LEEWAY_SECONDS,
    claims: {
      account: sub,
      validAfter,
      access: access as Access[],
      position: typeof position === 'number' ? position : 0,
      ...(typeof accessToken === 'string' ? { accessToken } : {}),
    },
  };
}
