/**
 * Calls that a session makes: the cookie of a browser is exchanged at the door for a token that
 * lives for a minute, so that whatever stands behind the door knows one kind of credential.
 *
 * The token says who it is, and the account's rights of this moment say what they may. It counts at
 * every site, so that what a secondary passes on to the primary is done in the person's name.
 */
import { callerWithRights, rightsOf } from '../access.ts';
import type { Authenticator } from '../authenticator.ts';
import type { Caller } from '../caller.ts';
import type { Principals } from '../principals.ts';
import type { Claims } from '../tokens.ts';
import { InternalCalls, type InternalDependencies } from './internal-calls.ts';

interface Dependencies extends InternalDependencies {
  readonly principals: Pick<Principals, 'find'>;
  readonly authenticator: Pick<Authenticator, 'authenticate' | 'admit'>;
}

/** The audience of these tokens, and the service of the refresh token behind a session. */
export function sessionAudience(cluster: string): string {
  return `${cluster}/session`;
}

export class SessionCalls extends InternalCalls implements Pick<Authenticator, 'admit'> {
  readonly #principals: Dependencies['principals'];
  readonly #authenticator: Dependencies['authenticator'];

  constructor(dependencies: Dependencies) {
    super('Meridian-Session', dependencies);
    this.#principals = dependencies.principals;
    this.#authenticator = dependencies.authenticator;
  }

  /** The `Authorization` header of a request that these make by their session. */
  authorize(claims: Omit<Claims, 'access'>): string {
    return this.write(claims);
  }

  /** As `Authenticator.admit`: an upload is nothing that a session does. */
  admit(earlier: Parameters<Authenticator['admit']>[0]): ReturnType<Authenticator['admit']> {
    return this.#authenticator.admit(earlier);
  }

  protected override async findCaller(claims: Claims): Promise<Caller | undefined> {
    const principal = await this.#principals.find(claims);
    return principal && callerWithRights(rightsOf(principal));
  }
}
