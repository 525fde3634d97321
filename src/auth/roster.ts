/**
 * The roster: changes accounts, what they may, and their access tokens. Whether the caller may is
 * asked by the handlers; what would lock everybody out is refused here.
 */
import type { Clock } from '../clock.ts';
import { RegistryError } from '../oci/error.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { Randomness } from '../randomness.ts';
import type { AccessToken, Account, AccountPage, Accounts, Grant } from '../storage/accounts.ts';
import { administers, covers, rightsOf } from './access.ts';
import {
  findPasswordProblem,
  generateAccessTokenSecret,
  hashPassword,
  hashSecret,
} from './passwords.ts';
import { withGrantsOf } from './principals.ts';

interface Dependencies {
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** What of an account is to be changed; what is absent stays. */
export interface AccountChange {
  readonly kind?: 'person' | 'robot' | undefined;
  readonly password?: string | undefined;
  readonly isDisabled?: boolean | undefined;
  readonly grants?: readonly Grant[] | undefined;
  /** `null` for never. */
  readonly expiresAt?: Date | null | undefined;
  /** Of a robot; `null` for nobody. */
  readonly owner?: string | null | undefined;
  /** `null` for whom no identity provider knows. */
  readonly subject?: string | null | undefined;
}

/**
 * Who changes an account, and whether they may as it is: asked of what is written over, since it
 * may have been another one when they were let in.
 */
export interface Keeper {
  /** Name of their account. */
  readonly account: string;
  mayChange(known: Account | undefined): boolean;
}

interface HashedChange extends Omit<AccountChange, 'password'> {
  readonly passwordHash?: string | undefined;
}

export type NewAccessToken = Pick<
  AccessToken,
  'account' | 'label' | 'actions' | 'patterns' | 'expiresAt'
>;

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

/** Whether the text can name an account: lower case, digits, and `.`, `_`, `-` between them. */
export function isAccountName(text: string): boolean {
  return NAME.test(text);
}

export class Roster {
  readonly #accounts: Accounts;
  readonly #clock: Clock;
  readonly #randomness: Randomness;

  constructor({ accounts, clock, randomness }: Dependencies) {
    this.#accounts = accounts;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /** A group is no account. */
  async findAccount(name: string): Promise<Account | undefined> {
    const account = await this.#accounts.findAccount(name);
    return account?.kind === 'group' ? undefined : account;
  }

  /** @throws RegistryError NAME_UNKNOWN. */
  async getAccount(name: string): Promise<Account> {
    const account = await this.findAccount(name);
    if (!account) throw unknownAccount(name);
    return account;
  }

  /** People and robots, unless the page says otherwise. */
  listAccounts(page: AccountPage): Promise<Account[]> {
    return this.#accounts.listAccounts({ kinds: ['person', 'robot'], ...page });
  }

  /**
   * Changes an account, or creates it. A new password ends all tokens of the account (A23).
   *
   * @returns whether it was created.
   * @throws RegistryError UNSUPPORTED (400) for a name or password that is none, and for a group's
   * name; DENIED where the keeper may not, where administrators would take away their own
   * administration, so that one always remains, and for a robot's grants beyond the path that owns
   * it.
   */
  async changeAccount(name: string, change: AccountChange, keeper: Keeper): Promise<boolean> {
    if (!isAccountName(name))
      throw invalid('an account name has 1 to 64 of a-z, 0-9, ".", "_", "-"');
    const { password, ...rest } = change;
    const passwordHash = password === undefined ? undefined : await hashNew(password);
    const before = await this.#write(name, async (known) => {
      assertMayChange(keeper, known);
      if (known?.kind === 'group') throw invalid('this is the name of a group');
      const after = this.#applyTo(known ?? this.#blank(name), { ...rest, passwordHash });
      assertWithinOwner(after);
      if (name === keeper.account && !(await this.#stillAdministers(after)))
        throw ownAdministration();
      return after;
    });
    return before === undefined;
  }

  async #stillAdministers(after: Account): Promise<boolean> {
    const names = after.groups ?? [];
    const groups = await Promise.all(names.map((name) => this.#accounts.findAccount(name)));
    const isOpen = !after.isDisabled && !(after.expiresAt && after.expiresAt <= this.#clock.now());
    return isOpen && administers(rightsOf({ account: withGrantsOf(groups, after) }));
  }

  /** @throws RegistryError UNSUPPORTED (400), NAME_UNKNOWN, DENIED. */
  async changePassword(name: string, password: string, keeper: Keeper): Promise<void> {
    const passwordHash = await hashNew(password);
    await this.#write(name, (known) => {
      assertMayChange(keeper, known);
      if (!known || known.kind === 'group') throw unknownAccount(name);
      return this.#applyTo(known, { passwordHash });
    });
  }

  /** Ends every bearer and refresh token of the account, at every site. Idempotent. */
  async endTokens(name: string): Promise<void> {
    await this.#write(name, (known) => {
      if (!known || known.kind === 'group') throw unknownAccount(name);
      return { ...known, tokensValidAfter: this.#momentAfter(known) };
    });
  }

  /** @throws RegistryError NAME_UNKNOWN; DENIED for one's own. */
  async deleteAccount(name: string, keeper: Keeper): Promise<void> {
    if (name === keeper.account) throw ownAdministration();
    assertMayChange(keeper, await this.getAccount(name));
    if (!(await this.#accounts.deleteAccount(name))) throw unknownAccount(name);
  }

  /** @throws RegistryError NAME_UNKNOWN where there is no such account. */
  async listAccessTokens(account: string): Promise<AccessToken[]> {
    await this.getAccount(account);
    return this.#accounts.listAccessTokens(account);
  }

  /**
   * Makes an access token. @returns it with its secret, which is shown this once and never again.
   * @throws RegistryError NAME_UNKNOWN; DENIED; UNSUPPORTED (400) for a time that has passed
   */
  async createAccessToken(
    token: NewAccessToken,
    keeper: Keeper,
  ): Promise<{ readonly token: AccessToken; readonly secret: string }> {
    assertMayChange(keeper, await this.getAccount(token.account));
    if (token.expiresAt && token.expiresAt <= this.#clock.now()) {
      throw invalid('expiresAt must lie in the future');
    }
    const id = this.#randomness.uuid();
    const secret = generateAccessTokenSecret(id, this.#randomness);
    const made = { ...token, id, secretHash: hashSecret(secret) };
    await this.#accounts.recordAccessToken(made);
    return { token: made, secret };
  }

  /**
   * Another account's token is as unknown as one that is not there (A26b). @throws NAME_UNKNOWN.
   */
  async deleteAccessToken(account: string, id: string): Promise<void> {
    const token = await this.#accounts.findAccessToken(id);
    if (token?.account !== account) throw unknownAccessToken();
    await this.#accounts.deleteAccessToken(id);
  }

  /**
   * Writes what the change makes of the account as it is; makes it anew where somebody else wrote
   * meanwhile, so that of two changes at once neither is lost. @returns the account as it was
   */
  async #write(
    name: string,
    change: (known: Account | undefined) => Account | Promise<Account>,
  ): Promise<Account | undefined> {
    for (;;) {
      const known = await this.#accounts.findAccount(name);
      if (await this.#accounts.recordAccount(await change(known), known ?? 'none')) return known;
    }
  }

  #applyTo(account: Account, { passwordHash, ...change }: HashedChange): Account {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    const changed = withoutNulls({ ...account, ...Object.fromEntries(given) });
    if (!passwordHash) return changed;
    return { ...changed, passwordHash, tokensValidAfter: this.#momentAfter(account) };
  }

  /** Now, and after the moment before it, also where the clock was set back meanwhile. */
  #momentAfter({ tokensValidAfter }: Account): Date {
    return new Date(Math.max(this.#clock.now().getTime(), tokensValidAfter.getTime() + 1));
  }

  /** Tokens of a deleted account of the same name stay refused. */
  #blank(name: string): Account {
    const tokensValidAfter = this.#clock.now();
    return { name, kind: 'person', isDisabled: false, tokensValidAfter, grants: [] };
  }
}

/** What is not allowed and what is not there get one answer (A26b). */
function assertMayChange(keeper: Keeper, known: Account | undefined): void {
  if (!keeper.mayChange(known)) throw new RegistryError('DENIED');
}

/** What is taken away is absent from then on. */
function withoutNulls(account: Account): Account {
  const kept = Object.entries(account).filter(([, value]) => value !== null);
  return Object.fromEntries(kept) as unknown as Account;
}

/** @throws RegistryError UNSUPPORTED (400) */
async function hashNew(password: string): Promise<string> {
  const problem = findPasswordProblem(password);
  if (problem) throw invalid(problem);
  return hashPassword(password);
}

/**
 * Whoever keeps a robot may not lend it more than they administer.
 * @throws RegistryError DENIED
 */
function assertWithinOwner({ kind, owner, grants, groups }: Account): void {
  if (owner === undefined) return;
  if (kind !== 'robot') throw invalid('a path owns robots alone');
  if (groups) throw invalid('a path owns no robot that belongs to a group');
  const below = `${owner}/**` as PathPattern;
  if (grants.every(({ pattern }) => covers(below, pattern))) return;
  throw new RegistryError('DENIED', { message: `this robot may have grants below ${owner} alone` });
}

function invalid(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}

function unknownAccount(name: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { message: 'account not known', detail: { name } });
}

function unknownAccessToken(): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { message: 'access token not known' });
}

function ownAdministration(): RegistryError {
  return new RegistryError('DENIED', {
    message: 'administrators cannot take away their own administration',
  });
}
