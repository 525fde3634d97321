/**
 * PORT: an identity provider, who knows people by their browsers (OpenID Connect Core 1.0, section
 * 3.1: the authorization code flow).
 */

/** What belongs to one browser that is on its way to sign in; none of it is ever used twice. */
export interface SignInAttempt {
  /** Where the provider sends the browser back to, as it is registered there. */
  readonly redirectUrl: string;
  readonly state: string;
  readonly nonce: string;
  /** RFC 7636: the provider sees its hash first, and then itself. */
  readonly codeVerifier: string;
}

/** Whom the provider proved it to be. */
export interface ProvenPerson {
  readonly issuer: string;
  /** The provider's word for the person, which it never gives to another one. */
  readonly subject: string;
  /** All that the ID token says. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What the provider said does not prove who it is; `message` says why, for the log. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
}

/** The provider does not answer, or not as it must. */
export class ProviderAway extends Error {
  override readonly name = 'ProviderAway';
}

export interface IdentityProvider {
  /** Where to lead the browser. @throws ProviderAway */
  begin(attempt: SignInAttempt): Promise<string>;
  /**
   * @param callbackUrl where the provider sent the browser back to, with what it said in its query
   * @throws SignInRefused, ProviderAway
   */
  finish(callbackUrl: string, attempt: SignInAttempt): Promise<ProvenPerson>;
}
