/** Names with a password or an access token: who is it? */

import type { Randomness } from '../randomness.ts';
import type { Account } from '../storage/accounts.ts';
import type { Principal } from './access.ts';
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
}

export class Credentials {
  readonly #principals: Principals;
  readonly #lockOut: LockOut;
  readonly #decoy: Promise<string>;

  constructor({ principals, lockOut, randomness }: Dependencies) {
    this.#principals = principals;
    this.#lockOut = lockOut;
    // A password that nobody knows, to be compared where there is no account (A26d).
    this.#decoy = hashPassword(generatePassword(randomness));
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
    const passwordHash = account?.passwordHash ?? (await this.#decoy);
    if (await this.#lockOut.wasRefused(attempt, passwordHash)) return undefined;
    const principal = await this.#prove(attempt, account, passwordHash);
    if (principal) await this.#lockOut.forgive(attempt);
    else await this.#lockOut.countFailure(attempt, passwordHash);
    return principal;
  }

  async #prove(
    { secret }: Attempt,
    account: Account | undefined,
    passwordHash: string,
  ): Promise<Principal | undefined> {
    const id = readAccessTokenId(secret);
    if (id !== undefined) return this.#proveByAccessToken(id, secret, account);
    const isRight = await isPassword(secret, passwordHash);
    const isOpen = account?.passwordHash !== undefined && !account.isDisabled;
    return isRight && isOpen ? { account } : undefined;
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
