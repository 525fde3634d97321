/** Names with a password or an access token: who is it? */
import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Randomness } from '../randomness.ts';
import type { Account } from '../storage/accounts.ts';
import type { Principal } from './access.ts';
import { Turns } from './limits/turns.ts';
import type { Attempt, LockOut } from './lock-out.ts';
import {
  generatePassword,
  hashPassword,
  isPassword,
  isSecret,
  readAccessTokenId,
} from './passwords.ts';
import type { Principals } from './principals.ts';

interface Dependencies {
  readonly principals: Principals;
  readonly lockOut: LockOut;
  readonly randomness: Randomness;
  readonly clock: Clock;
}

/** For so long a password that was proven need not be hashed again. */
const PROVEN_MS = 5 * 60 * 1000;
const MOST_PROVEN = 10_000;

/** Of the four threads of Node; the others are left to files. */
const HASHES_AT_ONCE = 2;

export class Credentials {
  readonly #principals: Principals;
  readonly #lockOut: LockOut;
  readonly #randomness: Randomness;
  #decoy: Promise<string> | undefined;
  readonly #key: Buffer;
  readonly #proven: LRUCache<string, true>;
  readonly #hashing = new Turns(HASHES_AT_ONCE);

  constructor({ principals, lockOut, randomness, clock }: Dependencies) {
    this.#principals = principals;
    this.#lockOut = lockOut;
    this.#randomness = randomness;
    this.#key = randomness.bytes(32);
    const perf = { now: () => clock.now().getTime() };
    this.#proven = new LRUCache({ max: MOST_PROVEN, ttl: PROVEN_MS, ttlResolution: 0, perf });
  }

  /**
   * Who this is, or `undefined`: an unknown name, a wrong secret and a disabled account give the
   * same answer in the same time.
   *
   * @throws RegistryError TOOMANYREQUESTS for whoever failed too often.
   */
  async logIn(attempt: Attempt): Promise<Principal | undefined> {
    await this.#lockOut.check(attempt);
    await this.#principals.catchUp();
    const account = await this.#principals.findAccount(attempt.name);
    const decoy = await this.#readDecoy();
    const passwordHash = account?.passwordHash ?? decoy;
    const prove = () => this.#proveOnce(attempt, account, passwordHash);
    if (this.#isKnown(attempt.secret, passwordHash)) return prove();
    return this.#hashing.take(async () => {
      // Whoever sends a thousand at once finds that the first ones failed (A26e).
      await this.#lockOut.check(attempt);
      return prove();
    });
  }

  /**
   * A password that nobody knows, to be compared where there is no account (A26d). Everybody waits
   * for it, once, so that the first answer says nothing either.
   */
  #readDecoy(): Promise<string> {
    this.#decoy ??= hashPassword(generatePassword(this.#randomness)).catch((error: unknown) => {
      this.#decoy = undefined;
      throw error;
    });
    return this.#decoy;
  }

  async #proveOnce(
    attempt: Attempt,
    account: Account | undefined,
    passwordHash: string,
  ): Promise<Principal | undefined> {
    if (await this.#lockOut.wasRefused(attempt, passwordHash)) return undefined;
    const principal = await this.#prove(attempt, account, passwordHash);
    if (principal) await this.#lockOut.forgive(attempt);
    else await this.#lockOut.countFailure(attempt, passwordHash);
    return principal;
  }

  /** Whether nothing has to be hashed to see what the secret is. */
  #isKnown(secret: string, passwordHash: string): boolean {
    const isToken = readAccessTokenId(secret) !== undefined;
    return isToken || this.#proven.has(this.#nameOf(secret, passwordHash));
  }

  async #prove(
    { secret }: Attempt,
    account: Account | undefined,
    passwordHash: string,
  ): Promise<Principal | undefined> {
    const id = readAccessTokenId(secret);
    if (id !== undefined) return this.#proveByAccessToken(id, secret, account);
    const isRight = await this.#isRight(secret, passwordHash);
    const isOpen = account?.passwordHash !== undefined && !account.isDisabled;
    return isRight && isOpen ? { account } : undefined;
  }

  /**
   * Clients log in with each command, and each hash takes 19 MiB and a core for 20 ms. What was
   * proven is remembered under a key of this process together with the account's present hash, so a
   * new password ends it; a wrong one is never remembered, and costs the same each time.
   */
  async #isRight(secret: string, passwordHash: string): Promise<boolean> {
    const name = this.#nameOf(secret, passwordHash);
    if (this.#proven.has(name)) return true;
    const isRight = await isPassword(secret, passwordHash);
    if (isRight) this.#proven.set(name, true);
    return isRight;
  }

  #nameOf(secret: string, passwordHash: string): string {
    return createHmac('sha256', this.#key).update(`${passwordHash} ${secret}`).digest('hex');
  }

  /** The secret must belong to the account whose name came with it. */
  async #proveByAccessToken(
    id: string,
    secret: string,
    account: Account | undefined,
  ): Promise<Principal | undefined> {
    const accessToken = await this.#principals.findAccessToken(id);
    if (!accessToken || !isSecret(secret, accessToken.secretHash)) return undefined;
    const isOpen = account?.name === accessToken.account && !account.isDisabled;
    return isOpen ? { account, accessToken } : undefined;
  }
}
