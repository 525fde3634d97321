/** Gives tokens: who asks, for what, and what comes of it (distribution, docs/spec/auth). */
import { RegistryError } from '../oci/error.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import { type Access, mergeAccess, parseScope } from '../oci/scope.ts';
import { anonymousRights, grantAccess, type Principal, type Rights, rightsOf } from './access.ts';
import type { Credentials } from './credentials.ts';
import type { Attempt } from './lock-out.ts';
import type { Refresh } from './refresh.ts';
import type { IssuedToken, Tokens } from './tokens.ts';

/** How a client says who it is. */
export type Proof =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly attempt: Attempt }
  | { readonly kind: 'refresh'; readonly secret: string };

export interface TokenRequest {
  readonly proof: Proof;
  readonly service: string | undefined;
  /** Each may hold several scopes, separated by spaces. */
  readonly scopes: readonly string[];
  readonly wantsRefreshToken: boolean;
}

export interface TokenAnswer extends IssuedToken {
  /** What was granted of what was asked. */
  readonly access: readonly Access[];
  readonly refreshToken?: string;
}

interface Dependencies {
  readonly tokens: Tokens;
  readonly credentials: Credentials;
  readonly refresh: Refresh;
  /** Name of the cluster. */
  readonly service: string;
  readonly anonymousPull: readonly PathPattern[];
}

const MAX_SCOPES = 50;
const MAX_SCOPE_LENGTH = 8 * 1024;

export class Issuer {
  readonly service: string;
  readonly #tokens: Tokens;
  readonly #credentials: Credentials;
  readonly #refresh: Refresh;
  readonly #anonymous: Rights;

  constructor({ tokens, credentials, refresh, service, anonymousPull }: Dependencies) {
    this.service = service;
    this.#tokens = tokens;
    this.#credentials = credentials;
    this.#refresh = refresh;
    this.#anonymous = anonymousRights(anonymousPull);
  }

  /**
   * A token for the intersection of what was asked and what is granted; lacking rights are no
   * error.
   *
   * @throws RegistryError UNSUPPORTED (400) for another service or scopes that are none;
   * UNAUTHORIZED for a wrong proof, which never falls back to an anonymous token; TOOMANYREQUESTS.
   */
  async issue(request: TokenRequest): Promise<TokenAnswer> {
    if (request.service !== this.service) {
      throw invalidRequest(`service must be ${JSON.stringify(this.service)}`);
    }
    const asked = readScopes(request.scopes);
    const principal = await this.#prove(request.proof);
    const access = grantAccess(asked, principal ? rightsOf(principal) : this.#anonymous);
    await this.#tokens.catchUp();
    const issued = this.#tokens.issue({ ...claimsOf(principal), access });
    const refreshToken = principal && (await this.#giveRefreshToken(request, principal));
    return { ...issued, access, ...(refreshToken === undefined ? {} : { refreshToken }) };
  }

  /** Log-out: ends a refresh token. Idempotent. */
  async revoke(refreshToken: string): Promise<void> {
    await this.#refresh.end(refreshToken);
  }

  /** `undefined` is nobody, who did not claim to be anybody. */
  async #prove(proof: Proof): Promise<Principal | undefined> {
    if (proof.kind === 'anonymous') return undefined;
    const principal =
      proof.kind === 'password'
        ? await this.#credentials.logIn(proof.attempt)
        : await this.#refresh.resume(proof.secret, this.service);
    if (!principal) throw wrongCredentials(this.service);
    return principal;
  }

  async #giveRefreshToken(
    { proof, wantsRefreshToken }: TokenRequest,
    principal: Principal,
  ): Promise<string | undefined> {
    if (proof.kind === 'refresh') return proof.secret;
    return wantsRefreshToken ? this.#refresh.begin(principal, this.service) : undefined;
  }
}

/**
 * Reads the scopes of a request, joined where they speak of the same thing.
 *
 * @throws RegistryError UNSUPPORTED (400) for too many of them, or for what is no scope (A22).
 */
function readScopes(texts: readonly string[]): Access[] {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > MAX_SCOPE_LENGTH) {
    throw invalidRequest(`scopes have at most ${MAX_SCOPE_LENGTH} characters`);
  }
  const scopes = texts.flatMap((text) => text.split(' ')).filter((text) => text !== '');
  if (scopes.length > MAX_SCOPES) throw invalidRequest(`at most ${MAX_SCOPES} scopes are granted`);
  return mergeAccess(scopes.map(readScope));
}

function readScope(text: string): Access {
  const access = parseScope(text);
  if (!access) throw invalidRequest('a scope has the form type:name:action,action');
  return access;
}

export function invalidRequest(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}

/** One text for every reason (A26d). */
export function wrongCredentials(service: string): RegistryError {
  return new RegistryError('UNAUTHORIZED', {
    message: 'the user name, the password or the token is wrong',
    headers: { 'WWW-Authenticate': `Basic realm=${JSON.stringify(service)}` },
  });
}

function claimsOf(principal: Principal | undefined): {
  account: string;
  validAfter: number;
  accessToken?: string;
} {
  if (!principal) return { account: '', validAfter: 0 };
  const { account, accessToken } = principal;
  return {
    account: account.name,
    validAfter: account.tokensValidAfter.getTime(),
    ...(accessToken ? { accessToken: accessToken.id } : {}),
  };
}
