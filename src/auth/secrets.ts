/**
 * Secrets that we make: long and random, so that a fast hash keeps them.
 *
 *     mrd_<id of the access token>_<43 characters>   stands in for a password
 *     mrr_<43 characters>                            a refresh token
 *
 * The prefixes let scanners of source code find what was published by mistake.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Randomness } from '../randomness.ts';

const SECRET_BYTES = 32;

const ACCESS_TOKEN = /^mrd_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

export function generateAccessTokenSecret(id: string, randomness: Randomness): string {
  return `mrd_${id}_${randomness.bytes(SECRET_BYTES).toString('base64url')}`;
}

export function generateRefreshTokenSecret(randomness: Randomness): string {
  return `mrr_${randomness.bytes(SECRET_BYTES).toString('base64url')}`;
}

/** Id of the access token whose secret this may be, or `undefined`. */
export function readAccessTokenId(secret: string): string | undefined {
  return ACCESS_TOKEN.exec(secret)?.[1];
}

/** sha256, hex. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether the secret has this hash, in a time that says nothing about where they differ. */
export function isSecret(secret: string, secretHash: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(secretHash));
}
