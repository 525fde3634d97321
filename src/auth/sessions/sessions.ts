/**
 * Sessions: what a browser keeps instead of a password, in a cookie that no script can read.
 *
 * Behind a session lies a refresh token for a service of its own, kept as a hash at this site. It
 * ends by sign-out, by age, with its account, and with all other tokens of the account (0008).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account, Grant } from '../../storage/accounts.ts';
import { administers, type Principal, rightsOf } from '../access.ts';
import type { SessionCalls } from '../calls/session-calls.ts';
import type { Credentials } from '../credentials.ts';
import { wrongCredentials } from '../issuer.ts';
import type { Attempt } from '../lock-out.ts';
import type { Principals } from '../principals.ts';
import type { Refresh } from '../refresh.ts';

export interface Session {
  /** Value of the cookie. */
  readonly secret: string;
  readonly account: string;
  /** The `Authorization` header of a request that is made by it now. */
  readonly authorization: string;
}

/** What a person may see of who they are. */
export interface Profile {
  readonly account: string;
  readonly kind: Account['kind'];
  readonly isAdministrator: boolean;
  /** Those of the account's groups included. */
  readonly grants: readonly Grant[];
}

interface Dependencies {
  readonly credentials: Pick<Credentials, 'logIn'>;
  readonly refresh: Refresh;
  readonly principals: Pick<Principals, 'findAccount' | 'catchUp'>;
  readonly calls: Pick<SessionCalls, 'authorize'>;
  /** See `sessionAudience`. */
  readonly service: string;
}

export class Sessions {
  readonly #credentials: Dependencies['credentials'];
  readonly #refresh: Refresh;
  readonly #principals: Dependencies['principals'];
  readonly #calls: Dependencies['calls'];
  readonly #service: string;

  constructor({ credentials, refresh, principals, calls, service }: Dependencies) {
    this.#credentials = credentials;
    this.#refresh = refresh;
    this.#principals = principals;
    this.#calls = calls;
    this.#service = service;
  }

  /** How long a session lasts. */
  get lifetimeMs(): number {
    return this.#refresh.lifetimeMs;
  }

  /**
   * Signs in by a password or an access token.
   * @throws RegistryError UNAUTHORIZED with one text for every reason (A26d); TOOMANYREQUESTS.
   */
  async signIn(attempt: Attempt): Promise<Session> {
    const principal = await this.#credentials.logIn(attempt);
    if (!principal) throw wrongCredentials(this.#service);
    return this.begin(principal);
  }

  /** Begins the session of somebody who was proven. */
  async begin(principal: Principal): Promise<Session> {
    const secret = await this.#refresh.begin(principal, this.#service);
    return this.#toSession(secret, principal);
  }

  /** The session of that cookie; `undefined` where it is over, or never was one. */
  async resume(secret: string): Promise<Session | undefined> {
    const principal = await this.#refresh.resume(secret, this.#service);
    return principal && this.#toSession(secret, principal);
  }

  /** Signs out. Idempotent. */
  async end(secret: string): Promise<void> {
    await this.#refresh.end(secret);
  }

  /** Who that account is, and what it may at this moment; `undefined` where it is no more. */
  async findProfile(name: string): Promise<Profile | undefined> {
    await this.#principals.catchUp();
    const account = await this.#principals.findAccount(name);
    if (!account) return undefined;
    const { kind, grants } = account;
    return { account: name, kind, isAdministrator: administers(rightsOf({ account })), grants };
  }

  #toSession(secret: string, { account, accessToken }: Principal): Session {
    const claims = {
      account: account.name,
      validAfter: account.tokensValidAfter.getTime(),
      ...(accessToken ? { accessToken: accessToken.id } : {}),
    };
    return { secret, account: account.name, authorization: this.#calls.authorize(claims) };
  }
}

/**
 * What a page of ours shows with each write, and a foreign one cannot know (A26g). It follows from
 * the cookie, which is 256 random bits, and leads nowhere back to it.
 */
export function csrfTokenOf(secret: string): string {
  return createHash('sha256').update(`csrf ${secret}`).digest('base64url');
}

/** Whether that is the session's, in a time that says nothing about where they differ. */
export function isCsrfToken(text: string, secret: string): boolean {
  const [given, right] = [text, csrfTokenOf(secret)].map((one) => {
    return createHash('sha256').update(one).digest();
  });
  return timingSafeEqual(given!, right!);
}
