/**
 * Calls that a session makes: the cookie of a browser is exchanged at the door for a token that
 * lives for a minute, so that whatever stands behind the door knows one kind of credential.
 *
 * The token says who it is, and the account's rights of this moment say what they may. It counts at
 * every site, so that what a secondary passes on to the primary is done in the person's name.
 */
import type { Coherence } from '../../coherence.ts';
import { callerWithRights, rightsOf } from '../access.ts';
import type { Authentication, Authenticator } from '../authenticator.ts';
import type { Principals } from '../principals.ts';
import type { Claims, Tokens } from '../tokens.ts';

/** How long such a token is good for: a request begins at once. */
export const SESSION_TOKEN_SECONDS = 60;

const SCHEME = 'Meridian-Session';

const HEADER = /^Meridian-Session +(\S+) *$/i;

type Authenticates = Pick<Authenticator, 'authenticate' | 'admit'>;

interface Dependencies {
  /** With {@link sessionAudience} for its service. */
  readonly tokens: Pick<Tokens, 'issue' | 'verify'>;
  readonly principals: Pick<Principals, 'find'>;
  readonly coherence: Pick<Coherence, 'catchUp'>;
  /** Asked where it is no session that calls. */
  readonly authenticator: Authenticates;
}

/** The audience of these tokens, and the service of the refresh token behind a session. */
export function sessionAudience(cluster: string): string {
  return `${cluster}/session`;
}

export class SessionCalls implements Authenticates {
  readonly #tokens: Dependencies['tokens'];
  readonly #principals: Dependencies['principals'];
  readonly #coherence: Dependencies['coherence'];
  readonly #authenticator: Authenticates;

  constructor({ tokens, principals, coherence, authenticator }: Dependencies) {
    this.#tokens = tokens;
    this.#principals = principals;
    this.#coherence = coherence;
    this.#authenticator = authenticator;
  }

  /** The `Authorization` header of a request that these make by their session. */
  authorize(claims: Omit<Claims, 'access'>): string {
    return `${SCHEME} ${this.#tokens.issue({ ...claims, access: [] }).token}`;
  }

  /** As `Authenticator.admit`: an upload is nothing that a session does. */
  admit(earlier: Parameters<Authenticator['admit']>[0]): ReturnType<Authenticator['admit']> {
    return this.#authenticator.admit(earlier);
  }

  /** As `Authenticator.authenticate`, for sessions as well. */
  async authenticate(
    authorization: string | undefined,
    address: string,
    learned?: number,
  ): Promise<Authentication> {
    const token = HEADER.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      return this.#authenticator.authenticate(authorization, address, learned);
    }
    await this.#coherence.catchUp(learned);
    const claims = await this.#tokens.verify(token);
    const principal = claims && (await this.#principals.find(claims));
    if (!principal) return { kind: 'refused', reason: 'invalid_token' };
    return { kind: 'known', caller: callerWithRights(rightsOf(principal)) };
  }
}
