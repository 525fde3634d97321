/**
 * Calls with a scheme of their own in `Authorization`, by which parts of a cluster know each other.
 *
 * Their tokens have an audience that no client's token has, so neither opens what is the other's;
 * and they are good for {@link INTERNAL_TOKEN_SECONDS}.
 */
import type { Coherence } from '../../coherence.ts';
import type { Authentication, Authenticator } from '../authenticator.ts';
import type { Caller } from '../caller.ts';
import type { Claims, Tokens } from '../tokens.ts';

/** How long such a token is good for: a request begins at once. */
export const INTERNAL_TOKEN_SECONDS = 60;

export interface InternalDependencies {
  /** With an audience of these calls alone for its service. */
  readonly tokens: Pick<Tokens, 'issue' | 'verify'>;
  readonly coherence: Pick<Coherence, 'catchUp'>;
  /** Asked where a request comes by another scheme. */
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
}

export abstract class InternalCalls implements Pick<Authenticator, 'authenticate'> {
  readonly #scheme: string;
  readonly #header: RegExp;
  readonly #tokens: InternalDependencies['tokens'];
  readonly #coherence: InternalDependencies['coherence'];
  readonly #authenticator: InternalDependencies['authenticator'];

  protected constructor(scheme: string, dependencies: InternalDependencies) {
    this.#scheme = scheme;
    this.#header = new RegExp(`^${scheme} +(\\S+) *$`, 'i');
    this.#tokens = dependencies.tokens;
    this.#coherence = dependencies.coherence;
    this.#authenticator = dependencies.authenticator;
  }

  /** As `Authenticator.authenticate`, for these calls as well. */
  async authenticate(
    authorization: string | undefined,
    address: string,
    learned?: number,
  ): Promise<Authentication> {
    const token = this.#header.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      return this.#authenticator.authenticate(authorization, address, learned);
    }
    await this.#coherence.catchUp(learned);
    const claims = await this.#tokens.verify(token);
    const caller = claims && (await this.findCaller(claims));
    return caller ? { kind: 'known', caller } : { kind: 'refused', reason: 'invalid_token' };
  }

  /** The `Authorization` header that says so. */
  protected write(claims: Omit<Claims, 'access'>): string {
    return `${this.#scheme} ${this.#tokens.issue({ ...claims, access: [] }).token}`;
  }

  /** Whoever an intact token names; undefined where there is nobody of that name any more. */
  protected abstract findCaller(claims: Claims): Promise<Caller | undefined>;
}
