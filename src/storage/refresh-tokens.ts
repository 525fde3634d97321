/**
 * PORT: refresh tokens, kept at the site that issued them. Each use takes the token and gives its
 * successor; all of one log-in form a family, and a token that is used twice ends the family (A24).
 */
export interface RefreshToken {
  /** sha256 of the secret, hex. */
  readonly secretHash: string;
  /** A UUID, the same for all successors of one log-in. */
  readonly family: string;
  readonly account: string;
  /** The access token that it was asked with, whose limits it keeps. */
  readonly accessToken?: string;
  readonly service: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export interface RefreshTokens {
  record(token: RefreshToken): Promise<void>;
  find(secretHash: string): Promise<RefreshToken | undefined>;
  /** Ends every token of the family. Idempotent. */
  revokeFamily(family: string): Promise<void>;
  /** Ends every token of the account. Idempotent. */
  revokeAccount(account: string): Promise<void>;
  /** @returns how many were deleted. */
  deleteExpired(now: Date): Promise<number>;
}
