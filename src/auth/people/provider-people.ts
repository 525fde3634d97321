/**
 * From whom an identity provider proved somebody to be, to an account here.
 *
 * An account is found by the provider's word for the person and never by a name: whoever may choose
 * a name there could otherwise become anybody here.
 */
import type { Clock } from '../../clock.ts';
import { RegistryError } from '../../oci/error.ts';
import type { Account, Accounts } from '../../storage/accounts.ts';
import { NotPrimary } from '../../storage/failure.ts';
import type { ProvenPerson } from '../../storage/people/identity-provider.ts';
import { isAccountName } from '../roster.ts';
import { withGroups } from './groups.ts';

export interface ClaimNames {
  /** Of the claim that gives a new account its name. */
  readonly name: string;
  /** Of the claim that lists groups. */
  readonly groups: string;
}

interface Dependencies {
  readonly accounts: Pick<
    Accounts,
    'findAccount' | 'findAccountOf' | 'listAccounts' | 'recordAccount'
  >;
  readonly clock: Pick<Clock, 'now'>;
  readonly claimNames: ClaimNames;
}

const PAGE = 500;
const LONGEST_NAME = 64;

export class ProviderPeople {
  readonly #accounts: Dependencies['accounts'];
  readonly #clock: Dependencies['clock'];
  readonly #claimNames: ClaimNames;

  constructor({ accounts, clock, claimNames }: Dependencies) {
    this.#accounts = accounts;
    this.#clock = clock;
    this.#claimNames = claimNames;
  }

  /**
   * Their account, made where there is none yet. The groups that the provider names are those of
   * this moment: whichever it names no more are left (A23). Groups that are no provider's stay.
   *
   * @throws RegistryError DENIED where the account is disabled, or the name is another one's;
   * UNSUPPORTED (503) at a secondary where something is to be written
   */
  async settle(person: ProvenPerson): Promise<Account> {
    try {
      return await this.#settle(person);
    } catch (error) {
      throw error instanceof NotPrimary ? elsewhere() : error;
    }
  }

  async #settle(person: ProvenPerson): Promise<Account> {
    const subject = `${person.issuer} ${person.subject}`;
    for (;;) {
      const known = await this.#accounts.findAccountOf(subject);
      if (known && (known.isDisabled || isOver(known, this.#clock.now()))) throw disabled();
      const before = known ?? (await this.#blank(subject, person));
      const after = withGroups(before, await this.#groupsOf(before, person));
      const isSame = known?.groups?.join() === after.groups?.join();
      if (known && isSame) return known;
      if (await this.#accounts.recordAccount(after, known ?? 'none')) return after;
    }
  }

  async #blank(subject: string, { claims }: ProvenPerson): Promise<Account> {
    const name = toAccountName(claims[this.#claimNames.name]);
    if (name === undefined) throw nameless(this.#claimNames.name);
    if (await this.#accounts.findAccount(name)) throw taken(name);
    const tokensValidAfter = this.#clock.now();
    return { name, kind: 'person', isDisabled: false, tokensValidAfter, grants: [], subject };
  }

  async #groupsOf({ groups = [] }: Account, { claims }: ProvenPerson): Promise<string[]> {
    const named = new Set(textsOf(claims[this.#claimNames.groups]));
    const external = await this.#listExternal();
    const kept = groups.filter((group) => !external.has(group));
    const given = [...external].filter(([, externalName]) => named.has(externalName));
    return [...new Set([...kept, ...given.map(([group]) => group)])].toSorted();
  }

  /** Groups whose members the provider names, with what it calls them. */
  async #listExternal(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (let after: string | undefined; ; ) {
      const page = await this.#accounts.listAccounts({
        kinds: ['group'],
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { name, externalName } of page) if (externalName) found.set(name, externalName);
      if (page.length < PAGE) return found;
      after = page.at(-1)!.name;
    }
  }
}

/** A name of an account from what a provider calls somebody; what cannot stand in one is a `-`. */
export function toAccountName(claim: unknown): string | undefined {
  if (typeof claim !== 'string') return undefined;
  const name = claim
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replaceAll(/^[._-]+|[._-]+$/g, '');
  return isAccountName(name) ? name : undefined;
}

/** A list of texts, or one text; anything else names no group. */
function textsOf(claim: unknown): string[] {
  const list: unknown[] = Array.isArray(claim) ? claim : [claim];
  return list.filter((one) => typeof one === 'string');
}

function isOver({ expiresAt }: Account, now: Date): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Accounts are the primary's to write. */
function elsewhere(): RegistryError {
  return new RegistryError('UNSUPPORTED', {
    status: 503,
    message: 'what the identity provider says of you is new here: sign in at the primary once',
  });
}

function disabled(): RegistryError {
  return new RegistryError('DENIED', { message: 'this account is disabled' });
}

function nameless(claim: string): RegistryError {
  return new RegistryError('DENIED', {
    message: `the identity provider says no ${claim} that could name an account`,
  });
}

function taken(name: string): RegistryError {
  return new RegistryError('DENIED', {
    message: `there is another account named ${name}; an administrator can give it to you`,
  });
}
