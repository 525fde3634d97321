/**
 * Who makes the request: asked once, at its start, so that a token may end while bytes flow (T16).
 */
import type { IncomingMessage } from 'node:http';
import type { Authentication, Authenticator } from '../auth/authenticator.ts';
import type { Caller } from '../auth/caller.ts';
import { SiteCaller } from '../auth/calls/site-calls.ts';
import { printChallenge } from '../auth/challenge.ts';
import type { RequestLimits } from '../auth/limits/request-limits.ts';
import { RegistryError } from '../oci/error.ts';
import type { RequestDetails, ServerDetails } from '../oci/events/actor.ts';
import type { Access } from '../oci/scope.ts';
import type { Randomness } from '../randomness.ts';
import type { ExternalUrl } from './external-url.ts';
import { findRequestId } from './log-requests.ts';

/** How one request came here. */
export interface Arrival {
  /** A further host under which its client knows us, whatever our own is. */
  readonly host?: string;
  /** Position of the change log that it learned already. */
  readonly asOf?: number;
}

interface Dependencies {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly externalUrl: ExternalUrl;
  /** Name of the cluster: the service that tokens are for. */
  readonly service: string;
  /** What events say of this process; without it they name no request. */
  readonly server?: ServerDetails;
  readonly randomness?: Pick<Randomness, 'uuid'>;
  /** How often anybody may ask; as often as they like where it is absent. */
  readonly requestLimits?: Pick<RequestLimits, 'count'> | undefined;
}

/** Clients may call themselves what they like, and be quoted so far. */
const MAX_QUOTED = 255;

/** Who makes which request of the management API, once somebody asked. */
const ASKED = new WeakMap<IncomingMessage, Promise<Authentication>>();

export type ChallengeReason = 'invalid_token' | 'insufficient_scope';

export class Gatekeeper {
  readonly #dependencies: Dependencies;
  readonly #arrival: Arrival;

  constructor(dependencies: Dependencies, arrival: Arrival = {}) {
    this.#dependencies = dependencies;
    this.#arrival = arrival;
  }

  /** The same for one request. */
  for(arrival: Arrival): Gatekeeper {
    return new Gatekeeper(this.#dependencies, arrival);
  }

  /**
   * @param scopes what the request touches, for the challenge
   * @throws RegistryError UNAUTHORIZED where what was shown does not count; TOOMANYREQUESTS.
   */
  async authenticate(request: IncomingMessage, scopes: () => readonly Access[]): Promise<Caller> {
    const asking = ASKED.get(request) ?? this.#identify(request);
    // One call of the distribution API asks once by itself, and there are many.
    if (request.url?.startsWith('/api/')) ASKED.set(request, asking);
    const found = await asking;
    if (found.kind === 'known') return found.caller;
    const reason = found.reason === 'invalid_token' ? found.reason : undefined;
    throw this.unauthorized(request, { scopes: scopes(), reason });
  }

  /** Asked and counted once for a request, whoever wants to know. */
  async #identify(request: IncomingMessage): Promise<Authentication> {
    const { authenticator } = this.#dependencies;
    const [address, { authorization }] = [this.clientAddress(request), request.headers];
    const found = await authenticator.authenticate(authorization, address, this.#arrival.asOf);
    const caller = found.kind === 'known' ? found.caller : undefined;
    // Of each client a site makes many calls, and it does not ask for itself.
    if (!(caller instanceof SiteCaller)) await this.count(request, caller?.account);
    return found;
  }

  /** Counts a request. @throws RegistryError TOOMANYREQUESTS where it is one too many */
  async count(request: IncomingMessage, account = ''): Promise<void> {
    const { requestLimits } = this.#dependencies;
    await requestLimits?.count({ account, address: this.clientAddress(request) });
  }

  /** The 401 that tells the client where to get a token, and for what. */
  unauthorized(
    request: IncomingMessage,
    { scopes, reason }: { readonly scopes: readonly Access[]; readonly reason?: ChallengeReason },
  ): RegistryError {
    const challenge = printChallenge({
      baseUrl: this.baseUrl(request),
      service: this.#dependencies.service,
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
    return this.#dependencies.externalUrl.baseUrl(request, this.#arrival.host);
  }

  /** Host and port under which the client knows us. */
  host(request: IncomingMessage): string {
    return new URL(this.baseUrl(request)).host;
  }

  /** Host and port that the client asked for, in lower case, whether or not they are our own. */
  askedHost(request: IncomingMessage): string | undefined {
    return this.#dependencies.externalUrl.askedHost(request);
  }

  /** The request as events tell of it, where they do. */
  describe(request: IncomingMessage): RequestDetails | undefined {
    const { server, randomness } = this.#dependencies;
    if (!server || !randomness) return undefined;
    return {
      id: findRequestId(request) ?? randomness.uuid(),
      address: this.clientAddress(request),
      baseUrl: this.baseUrl(request),
      method: request.method ?? '',
      userAgent: (request.headers['user-agent'] ?? '').slice(0, MAX_QUOTED),
      server,
    };
  }

  clientAddress(request: IncomingMessage): string {
    return this.#dependencies.externalUrl.clientAddress(request);
  }
}
