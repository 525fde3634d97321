/**
 * The challenge: where a client gets a token, and for what (RFC 6750, section 3; distribution,
 * docs/spec/auth/token.md).
 */
import { type Access, printScope } from '../oci/scope.ts';

/** Where tokens are had, on the host of every site (T2). */
export const TOKEN_PATH = '/jwt/auth';

export interface Challenge {
  /**
   * Scheme, host and port under which the client sees us, without a slash at the end (T2 to T4).
   */
  readonly baseUrl: string;
  /** Name of the cluster, the audience of its tokens. */
  readonly service: string;
  /** All that the request touches, as for a mount both repositories (T19); may be empty. */
  readonly scopes: readonly Access[];
  /**
   * `invalid_token` for one that does not count, `insufficient_scope` for one that lacks rights.
   */
  readonly error?: 'invalid_token' | 'insufficient_scope';
}

/**
 * Text of the `WWW-Authenticate` header. Only Bearer is offered: clients take what comes first
 * (T20).
 */
export function printChallenge({ baseUrl, service, scopes, error }: Challenge): string {
  const parameters = [
    `realm=${quote(`${baseUrl}${TOKEN_PATH}`)}`,
    `service=${quote(service)}`,
    ...(scopes.length > 0 ? [`scope=${quote(scopes.map(printScope).join(' '))}`] : []),
    ...(error === undefined ? [] : [`error=${quote(error)}`]),
  ];
  return `Bearer ${parameters.join(',')}`;
}

/** A quoted-string of RFC 9110, section 5.6.4; what may not stand in a header is left out. */
function quote(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;
}
