/**
 * PORT: refresh tokens, kept at the site that issued them. All of one log-in form a family, which
 * ends as one (A24).
 */
export interface RefreshToken {
  /** sha256 of the secret, hex. */
  readonly secretHash: string;
  /** A UUID, the same for all tokens of one log-in. */
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
  /** The token with this hash, also one that is over; `undefined` where it is not there. */
  find(secretHash: string): Promise<RefreshToken | undefined>;
  /** Ends every token of the family. Idempotent. */
  revokeFamily(family: string): Promise<void>;
  /** @returns how many were deleted. */
  deleteExpired(now: Date): Promise<number>;
}
