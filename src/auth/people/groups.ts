/**
 * Groups of accounts: what a group may, each of its members may. An account knows its groups, so
 * that leaving one is a change of the account, and counts with the next request at every site.
 */
import { RegistryError } from '../../oci/error.ts';
import type { Account, AccountPage, Accounts, Grant } from '../../storage/accounts.ts';
import { administers, rightsOf } from '../access.ts';
import { withGrantsOf } from '../principals.ts';
import { isAccountName } from '../roster.ts';

/** What of a group is to be changed; what is absent stays. */
export interface GroupChange {
  readonly grants?: readonly Grant[] | undefined;
  /** What an identity provider calls it, which then names its members; `null` for nothing. */
  readonly externalName?: string | null | undefined;
}

/** An account may belong to so many. */
const MOST_GROUPS = 100;

export class Groups {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** @throws RegistryError NAME_UNKNOWN */
  async get(name: string): Promise<Account> {
    const group = await this.#accounts.findAccount(name);
    if (group?.kind !== 'group') throw unknownGroup(name);
    return group;
  }

  list(page: Pick<AccountPage, 'after' | 'limit'>): Promise<Account[]> {
    return this.#accounts.listAccounts({ ...page, kinds: ['group'] });
  }

  /** The members of the group, by name. @throws RegistryError NAME_UNKNOWN */
  async listMembers(name: string, page: Pick<AccountPage, 'after' | 'limit'>): Promise<Account[]> {
    await this.get(name);
    return this.#accounts.listAccounts({ ...page, memberOf: name });
  }

  /**
   * Changes a group, or creates it. @returns whether it was created.
   * @throws RegistryError UNSUPPORTED (400) for a name that is none, or an account's; DENIED where
   * administrators would take away their own administration.
   */
  async change(name: string, change: GroupChange, actor: string): Promise<boolean> {
    if (!isAccountName(name)) throw invalid('this is no name of a group');
    for (;;) {
      const known = await this.#accounts.findAccount(name);
      if (known && known.kind !== 'group') throw invalid('this is the name of an account');
      const after = applyTo(known ?? blank(name), change);
      await this.#assertStaysAdministrator(actor, name, after);
      if (await this.#accounts.recordAccount(after, known ?? 'none')) return known === undefined;
    }
  }

  /** Its members leave it. @throws RegistryError NAME_UNKNOWN; DENIED as above. */
  async remove(name: string, actor: string): Promise<void> {
    await this.get(name);
    await this.#assertStaysAdministrator(actor, name, undefined);
    await this.#accounts.deleteAccount(name);
  }

  /**
   * Idempotent.
   * @throws RegistryError NAME_UNKNOWN; UNSUPPORTED (400) where an identity provider names the
   * members, and for a robot that a path owns: its keepers would have what the group may.
   */
  async join(name: string, member: string): Promise<void> {
    await this.#assertOwnMembers(name);
    await this.#regroup(member, (groups) => groups.add(name));
  }

  /** Counts with the next request (A23). Idempotent. @throws RegistryError as `join`; DENIED. */
  async leave(name: string, member: string, actor: string): Promise<void> {
    await this.#assertOwnMembers(name);
    if (member === actor) await this.#assertStaysAdministrator(actor, name, undefined);
    await this.#regroup(member, (groups) => groups.delete(name));
  }

  async #assertOwnMembers(name: string): Promise<void> {
    const { externalName } = await this.get(name);
    if (externalName === undefined) return;
    throw invalid('an identity provider names the members of this group');
  }

  /** Written anew where somebody else wrote meanwhile, so that neither change is lost. */
  async #regroup(member: string, change: (groups: Set<string>) => unknown): Promise<void> {
    for (;;) {
      const known = await this.#accounts.findAccount(member);
      if (!known || known.kind === 'group') throw unknownAccount(member);
      const groups = new Set(known.groups);
      change(groups);
      if (known.owner !== undefined && groups.size > 0) {
        throw invalid('a robot that a path owns belongs to no group');
      }
      if (groups.size > MOST_GROUPS) throw invalid(`an account has at most ${MOST_GROUPS} groups`);
      if (await this.#accounts.recordAccount(withGroups(known, [...groups]), known)) return;
    }
  }

  /** Administrators cannot shut themselves out by what a group gives them. */
  async #assertStaysAdministrator(
    actor: string,
    group: string,
    after: Account | undefined,
  ): Promise<void> {
    const account = await this.#accounts.findAccount(actor);
    if (!account?.groups?.includes(group)) return;
    const now = await Promise.all(account.groups.map((name) => this.#accounts.findAccount(name)));
    const then = now.map((one) => (one?.name === group ? after : one));
    const [did, does] = [now, then].map((groups) =>
      administers(rightsOf({ account: withGrantsOf(groups, account) })),
    );
    if (does || !did) return;
    throw new RegistryError('DENIED', {
      message: 'administrators cannot take away their own administration',
    });
  }
}

/** The account in these groups and no others. */
export function withGroups(account: Account, groups: readonly string[]): Account {
  const { groups: _, ...rest } = account;
  return groups.length > 0 ? { ...rest, groups: groups.toSorted() } : rest;
}

function applyTo(group: Account, { grants, externalName }: GroupChange): Account {
  const { externalName: before, ...rest } = group;
  const name = externalName === undefined ? before : (externalName ?? undefined);
  return {
    ...rest,
    grants: grants ?? group.grants,
    ...(name === undefined ? {} : { externalName: name }),
  };
}

/** Nobody logs in as a group, so its moment says nothing. */
function blank(name: string): Account {
  return { name, kind: 'group', isDisabled: false, tokensValidAfter: new Date(0), grants: [] };
}

function invalid(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}

function unknownGroup(name: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { message: 'group not known', detail: { name } });
}

function unknownAccount(name: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { message: 'account not known', detail: { name } });
}
