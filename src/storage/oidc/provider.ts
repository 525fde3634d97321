/**
 * `IdentityProvider` for any OpenID Connect provider with discovery, by openid-client. What it
 * checks is what the specification asks for: state, nonce, PKCE, issuer, audience, times, and the
 * signature of the ID token by the keys that the provider publishes, with one algorithm alone.
 */
import * as client from 'openid-client';
import type { IdentityProvider, ProvenPerson, SignInAttempt } from '../people/identity-provider.ts';
import { ProviderAway, SignInRefused } from '../people/identity-provider.ts';
import { type GuardedOptions, openGuardedFetch } from './guarded-fetch.ts';

export interface OidcOptions extends Omit<GuardedOptions, 'hosts'> {
  readonly issuer: string;
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecret?: string;
  readonly scopes: string;
  /** Of the signatures of ID tokens; a token with another one counts for nothing (A19). */
  readonly algorithm: string;
  /** Hosts of the provider beside that of its address. */
  readonly hosts: readonly string[];
  readonly clock: { elapsedMs(): number };
}

const TIMEOUT_SECONDS = 10;

/** What the provider says of itself, its keys too, is asked for anew after so long. */
const KNOWN_MS = 60_000;

export class OidcProvider implements IdentityProvider {
  readonly #options: OidcOptions;
  readonly #fetch: client.CustomFetch;
  #known: { readonly at: number; readonly config: Promise<client.Configuration> } | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
    const hosts = [new URL(options.issuer).host, ...options.hosts];
    this.#fetch = openGuardedFetch({ ...options, hosts });
  }

  async begin({ redirectUrl, state, nonce, codeVerifier }: SignInAttempt): Promise<string> {
    const config = await this.#discover();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUrl,
      scope: this.#options.scopes,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
    return url.href;
  }

  async finish(
    callbackUrl: string,
    { state, nonce, codeVerifier }: SignInAttempt,
  ): Promise<ProvenPerson> {
    const config = await this.#discover();
    const checks = {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    };
    const tokens = await client
      .authorizationCodeGrant(config, new URL(callbackUrl), checks)
      .catch((error: unknown) => {
        throw toFailure(error);
      });
    const claims = tokens.claims();
    if (!claims) throw new SignInRefused('the provider gave no ID token');
    return { issuer: claims.iss, subject: claims.sub, claims };
  }

  /** Two who ask at once ask it once; where it failed, the next one tries anew. */
  async #discover(): Promise<client.Configuration> {
    const now = this.#options.clock.elapsedMs();
    if (!this.#known || now - this.#known.at > KNOWN_MS) {
      this.#known = { at: now, config: this.#ask() };
    }
    try {
      return await this.#known.config;
    } catch (error) {
      this.#known = undefined;
      throw new ProviderAway('the identity provider does not say what it is', { cause: error });
    }
  }

  #ask(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret, algorithm } = this.#options;
    const isPlain = issuer.startsWith('http:');
    return client.discovery(
      new URL(issuer),
      clientId,
      { id_token_signed_response_alg: algorithm },
      clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret),
      {
        timeout: TIMEOUT_SECONDS,
        [client.customFetch]: this.#fetch,
        // Without it the line alone would say from whom an ID token is.
        execute: [
          client.enableNonRepudiationChecks,
          // Where that may be, `openGuardedFetch` decides.
          ...(isPlain ? [client.allowInsecureRequests] : []),
        ],
      },
    );
  }
}

const AWAY = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_HTTP_REQUEST_FORBIDDEN']);

function toFailure(error: unknown): Error {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const isAway = error instanceof TypeError || (code !== undefined && AWAY.has(code));
  const Failure = isAway ? ProviderAway : SignInRefused;
  return new Failure(message ?? 'the identity provider refused', { cause: error });
}
