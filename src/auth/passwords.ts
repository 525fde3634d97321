/**
 * What an account logs in with: passwords that people choose, and secrets that we make.
 *
 *     mrd_<id of the access token>_<43 characters>   stands in for a password
 *     mrr_<43 characters>                            a refresh token
 *
 * Passwords are kept as argon2id, with the parameters of OWASP's password storage cheat sheet.
 * Secrets are long and random, so a fast hash keeps them; their prefixes let scanners of source
 * code find what was published by mistake.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Randomness } from '../randomness.ts';

/** 19 MiB, two passes, one lane; the algorithm is argon2id by the library's default. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const MIN_LENGTH = 8;
/** Longer ones would let a stranger choose how much is hashed. */
const MAX_BYTES = 1024;

const GENERATED_BYTES = 18;
const SECRET_BYTES = 32;

const ACCESS_TOKEN = /^mrd_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** One sentence on what is wrong with a new password, or `undefined`. */
export function findPasswordProblem(password: string): string | undefined {
  if (password.length < MIN_LENGTH) return `a password has at least ${MIN_LENGTH} characters`;
  return isTooLong(password) ? `a password has at most ${MAX_BYTES} bytes` : undefined;
}

/** The library is native code, and is loaded with the first password: a start has none. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await import('@node-rs/argon2');
  return hash(password, COST);
}

/** Whether it is the password. Takes as long for a wrong one. */
export async function isPassword(password: string, passwordHash: string): Promise<boolean> {
  const { verify } = await import('@node-rs/argon2');
  return !isTooLong(password) && (await verify(passwordHash, password));
}

/** A password of 144 random bits that can be typed. */
export function generatePassword(randomness: Randomness): string {
  return randomness.bytes(GENERATED_BYTES).toString('base64url');
}

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

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAX_BYTES;
}
