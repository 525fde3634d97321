/** Signing in by an identity provider: what the browser takes there, and what it brings back. */
import type { Log } from '../../log.ts';
import { RegistryError } from '../../oci/error.ts';
import {
  type IdentityProvider,
  type ProvenPerson,
  ProviderAway,
  SignInRefused,
} from '../../storage/people/identity-provider.ts';
import type { Session, Sessions } from '../sessions/sessions.ts';
import type { ProviderPeople } from './provider-people.ts';
import { readReturnPath } from './return-path.ts';
import type { SealedAttempts } from './sealed-attempt.ts';

interface Dependencies {
  /** Loaded with the first question. */
  readonly loadProvider: () => Promise<IdentityProvider>;
  readonly people: Pick<ProviderPeople, 'settle'>;
  readonly sessions: Pick<Sessions, 'begin'>;
  readonly attempts: SealedAttempts;
  readonly log: Log;
}

export class ProviderSignIn {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * @param returnTo where the browser wants to go afterwards; it goes to places of this site alone
   * @returns where to lead it, and what it carries there
   * @throws RegistryError UNSUPPORTED (502) where the provider does not answer
   */
  async begin(redirectUrl: string, returnTo: string | undefined) {
    const { loadProvider, attempts } = this.#dependencies;
    const { attempt, carried } = attempts.begin(redirectUrl, readReturnPath(returnTo));
    const provider = await loadProvider();
    const url = await this.#ask(() => provider.begin(attempt));
    return { url, carried };
  }

  /**
   * @param query what the provider gave the browser to bring back
   * @param carried as `begin` gave it
   * @throws RegistryError UNAUTHORIZED where it proves nothing; DENIED; UNSUPPORTED (502)
   */
  async finish(
    query: string,
    carried: string | undefined,
  ): Promise<{ readonly session: Session; readonly returnPath: string }> {
    const { loadProvider, people, sessions, attempts } = this.#dependencies;
    const attempt = carried === undefined ? undefined : attempts.resume(carried);
    if (!attempt) throw unproven();
    const provider = await loadProvider();
    const callbackUrl = `${attempt.redirectUrl}?${query}`;
    const person: ProvenPerson = await this.#ask(() => provider.finish(callbackUrl, attempt));
    const account = await people.settle(person);
    return { session: await sessions.begin({ account }), returnPath: attempt.returnPath };
  }

  async #ask<Result>(ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof SignInRefused) && !(error instanceof ProviderAway)) throw error;
      this.#dependencies.log.warn({ err: error }, 'signing in by the identity provider failed');
      throw error instanceof SignInRefused ? unproven() : away();
    }
  }
}

/** One text for every reason; the log has the true one. */
function unproven(): RegistryError {
  return new RegistryError('UNAUTHORIZED', {
    message: 'the identity provider did not prove who this is: sign in again',
  });
}

function away(): RegistryError {
  return new RegistryError('UNSUPPORTED', {
    status: 502,
    message: 'the identity provider does not answer',
  });
}
