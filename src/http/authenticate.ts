/**
 * Who makes the request: asked once, at its start, so that a token may end while bytes flow (T16).
 */
import type { IncomingMessage } from 'node:http';
import type { Authentication } from '../auth/authenticator.ts';
import type { Caller } from '../auth/caller.ts';
import { printChallenge } from '../auth/challenge.ts';
import { RegistryError } from '../oci/error.ts';
import type { Access } from '../oci/scope.ts';
import type { ExternalUrl } from './external-url.ts';

interface Dependencies {
  readonly authenticator: {
    authenticate(authorization: string | undefined, address: string): Promise<Authentication>;
  };
  readonly externalUrl: ExternalUrl;
  /** Name of the cluster: the service that tokens are for. */
  readonly service: string;
}

export type ChallengeReason = 'invalid_token' | 'insufficient_scope';

export class Gatekeeper {
  readonly #authenticator: Dependencies['authenticator'];
  readonly #externalUrl: ExternalUrl;
  readonly #service: string;

  constructor({ authenticator, externalUrl, service }: Dependencies) {
    this.#authenticator = authenticator;
    this.#externalUrl = externalUrl;
    this.#service = service;
  }

  /**
   * @param scopes what the request touches, for the challenge
   * @throws RegistryError UNAUTHORIZED where what was shown does not count; TOOMANYREQUESTS.
   */
  async authenticate(request: IncomingMessage, scopes: () => readonly Access[]): Promise<Caller> {
    const address = this.#externalUrl.clientAddress(request);
    const found = await this.#authenticator.authenticate(request.headers.authorization, address);
    if (found.kind === 'known') return found.caller;
    const reason = found.reason === 'invalid_token' ? found.reason : undefined;
    throw this.unauthorized(request, { scopes: scopes(), reason });
  }

  /** The 401 that tells the client where to get a token, and for what. */
  unauthorized(
    request: IncomingMessage,
    { scopes, reason }: { readonly scopes: readonly Access[]; readonly reason?: ChallengeReason },
  ): RegistryError {
    const challenge = printChallenge({
      baseUrl: this.#externalUrl.baseUrl(request),
      service: this.#service,
      scopes,
      ...(reason ? { error: reason } : {}),
    });
    return new RegistryError('UNAUTHORIZED', {
      detail: scopes.map(({ type, name, actions }) => ({
        Type: type,
        Name: name,
        Action: actions,
      })),
      headers: { 'WWW-Authenticate': challenge },
    });
  }

  /** Address under which the client knows us. */
  baseUrl(request: IncomingMessage): string {
    return this.#externalUrl.baseUrl(request);
  }

  /** Host and port under which the client knows us. */
  host(request: IncomingMessage): string {
    return new URL(this.baseUrl(request)).host;
  }

  clientAddress(request: IncomingMessage): string {
    return this.#externalUrl.clientAddress(request);
  }
}
