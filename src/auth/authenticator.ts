/** From the `Authorization` header of a request to the one who makes it. */
import type { PathPattern } from '../oci/path-pattern.ts';
import type { RepositoryName } from '../oci/reference.ts';
import {
  anonymousRights,
  callerWithRights,
  callerWithToken,
  nobody,
  type Rights,
  rightsOf,
} from './access.ts';
import type { Caller } from './caller.ts';
import type { Credentials } from './credentials.ts';
import type { Principals } from './principals.ts';
import type { Claims, Tokens } from './tokens.ts';

/**
 * Who it is, or why what was shown does not count. A credential that fails is never taken for none:
 * the answer is 401, `invalid_token` being the challenge's `error` (T17).
 */
export type Authentication =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'refused'; readonly reason: 'invalid_token' | 'wrong_credentials' };

interface Dependencies {
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly credentials: Credentials;
  readonly principals: Principals;
  /** What anonymous tokens may pull; empty for nothing. */
  readonly anonymousPull: readonly PathPattern[];
}

const INVALID_TOKEN: Authentication = { kind: 'refused', reason: 'invalid_token' };
const WRONG_CREDENTIALS: Authentication = { kind: 'refused', reason: 'wrong_credentials' };

export class Authenticator {
  readonly #tokens: Dependencies['tokens'];
  readonly #credentials: Credentials;
  readonly #principals: Principals;
  readonly #anonymous: Rights;

  constructor({ tokens, credentials, principals, anonymousPull }: Dependencies) {
    this.#tokens = tokens;
    this.#credentials = credentials;
    this.#principals = principals;
    this.#anonymous = anonymousRights(anonymousPull);
  }

  /**
   * To be asked once, at the start of a request: a body may take longer than its token lives (T16).
   * `Bearer` tokens are what clients are asked for; `Basic` is taken too, for people with curl
   * (T20).
   *
   * @param authorization the header as it came, or `undefined`
   * @param address the client's IP address
   * @param learned position of the change log that the request learned already, if it did
   * @throws RegistryError TOOMANYREQUESTS for whoever failed too often.
   */
  async authenticate(
    authorization: string | undefined,
    address: string,
    learned?: number,
  ): Promise<Authentication> {
    if (authorization === undefined) return { kind: 'known', caller: nobody };
    const token = readBearer(authorization);
    if (token !== undefined) return this.#authenticateToken(token, learned);
    const basic = readBasic(authorization);
    if (!basic) return WRONG_CREDENTIALS;
    const principal = await this.#credentials.logIn({ ...basic, address });
    if (!principal) return WRONG_CREDENTIALS;
    return { kind: 'known', caller: callerWithRights(rightsOf(principal)) };
  }

  /**
   * Somebody whom an earlier answer of ours admits to push to one repository: what the account may
   * there at this moment. `undefined` where it is gone, disabled, or ended its tokens since.
   *
   * @param earlier `since` in milliseconds since 1970
   */
  async admit(earlier: {
    readonly account: string;
    readonly repository: RepositoryName;
    readonly since: number;
  }): Promise<Caller | undefined> {
    const { account, repository: name, since: validAfter } = earlier;
    const asOf = await this.#principals.catchUp();
    const principal = await this.#principals.find({ account, validAfter });
    if (!principal) return undefined;
    const access = [{ type: 'repository', name, actions: ['pull', 'push'] }];
    return { ...callerWithToken(rightsOf(principal), access), asOf };
  }

  async #authenticateToken(token: string, learned?: number): Promise<Authentication> {
    const asOf = await this.#principals.catchUp(learned);
    const claims = await this.#tokens.verify(token);
    const rights = claims && (await this.#findRights(claims));
    if (!rights) return INVALID_TOKEN;
    return { kind: 'known', caller: { ...callerWithToken(rights, claims.access), asOf } };
  }

  async #findRights(claims: Claims): Promise<Rights | undefined> {
    if (claims.account === '') return this.#anonymous;
    const principal = await this.#principals.find(claims);
    return principal && rightsOf(principal);
  }
}

/** RFC 6750, section 2.1; the scheme in any case (RFC 9110, section 11.1). */
function readBearer(authorization: string): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1];
}

export interface BasicCredential {
  readonly name: string;
  readonly secret: string;
}

/** RFC 7617: the name reaches to the first colon. `undefined` where the header is no such thing. */
export function readBasic(authorization: string): BasicCredential | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  return { name: text.slice(0, colon), secret: text.slice(colon + 1) };
}
