/** Passwords: argon2id, with the parameters of OWASP's password storage cheat sheet. */
import { hash, verify } from '@node-rs/argon2';
import type { Randomness } from '../randomness.ts';

/** 19 MiB, two passes, one lane; the algorithm is argon2id by the library's default. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const MIN_LENGTH = 8;
/** Longer ones would let a stranger choose how much is hashed. */
const MAX_BYTES = 1024;

const GENERATED_BYTES = 18;

/** One sentence on what is wrong with a new password, or `undefined`. */
export function findPasswordProblem(password: string): string | undefined {
  if (password.length < MIN_LENGTH) return `a password has at least ${MIN_LENGTH} characters`;
  return isTooLong(password) ? `a password has at most ${MAX_BYTES} bytes` : undefined;
}

export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** Whether it is the password. Takes as long for a wrong one. */
export async function isPassword(password: string, passwordHash: string): Promise<boolean> {
  return !isTooLong(password) && (await verify(passwordHash, password));
}

/** A password of 144 random bits that can be typed. */
export function generatePassword(randomness: Randomness): string {
  return randomness.bytes(GENERATED_BYTES).toString('base64url');
}

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAX_BYTES;
}
