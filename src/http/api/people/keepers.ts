/**
 * Who may change which account: administrators any, people their own, and whoever administers a
 * path the robots that it owns. What is not allowed and what is not there get one answer (A26b).
 */
import type { Context } from 'koa';
import type { Caller } from '../../../auth/caller.ts';
import type { AccountChange, Keeper, Roster } from '../../../auth/roster.ts';
import type { PathPattern } from '../../../oci/path-pattern.ts';
import type { Account } from '../../../storage/accounts.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { requireAdministrator, requireAllowed } from '../rights.ts';

interface Dependencies {
  readonly roster: Roster;
  readonly gatekeeper: Gatekeeper;
}

interface Keeping {
  readonly name: string;
  /** Whether one may do it to oneself. */
  readonly isForOneself: boolean;
}

/**
 * @returns who judges the account once more when it is written
 * @throws RegistryError UNAUTHORIZED, DENIED
 */
export async function requireKeeper(
  context: Context,
  { roster, gatekeeper }: Dependencies,
  { name, isForOneself }: Keeping,
): Promise<Keeper> {
  const isKeptBy = (caller: Caller, account: Account | undefined) => {
    if (caller.isAdministrator || (isForOneself && caller.mayManage(name))) return true;
    return caller.isAuthenticated && keeps(caller, account);
  };
  const caller = await requireAllowed(context, gatekeeper, async (one) => {
    return isKeptBy(one, undefined) || isKeptBy(one, await roster.findAccount(name));
  });
  return { account: caller.account, mayChange: (known) => isKeptBy(caller, known) };
}

/** For the accounts below a path, or all of them. @throws RegistryError UNAUTHORIZED, DENIED */
export function requireLister(
  context: Context,
  { gatekeeper }: Dependencies,
  owner: string | undefined,
): Promise<Caller> {
  if (owner === undefined) return requireAdministrator(context, gatekeeper);
  return requireAllowed(context, gatekeeper, (caller) => {
    return caller.isAdministrator || caller.administersAll(`${owner}/**` as PathPattern);
  });
}

interface Changing {
  readonly name: string;
  /** Reads the body, once it is clear who sends it. */
  readonly read: () => Promise<AccountChange>;
}

/**
 * For a change of an account, which may be to make it.
 * @throws RegistryError UNAUTHORIZED, DENIED; what `read` throws, to administrators
 */
export async function requireChanger(
  context: Context,
  { roster, gatekeeper }: Dependencies,
  { name, read }: Changing,
): Promise<{ readonly keeper: Keeper; readonly change: AccountChange }> {
  let given: AccountChange | undefined;
  const caller = await requireAllowed(context, gatekeeper, async (one) => {
    if (one.isAdministrator) return true;
    if (!one.isAuthenticated) return false;
    given = await read().catch(() => undefined);
    return given !== undefined && mayChange(one, await roster.findAccount(name), given);
  });
  const change = given ?? (await read());
  const judge = (known: Account | undefined) =>
    caller.isAdministrator || mayChange(caller, known, change);
  return { keeper: { account: caller.account, mayChange: judge }, change };
}

/** Whom a provider knows by a name, and who is a person, is settled by administrators alone. */
function mayChange(caller: Caller, known: Account | undefined, change: AccountChange): boolean {
  if (change.subject !== undefined || change.kind === 'person' || change.owner === null) {
    return false;
  }
  if (known && !keeps(caller, known)) return false;
  if (!known && (change.kind !== 'robot' || change.owner === undefined)) return false;
  return change.owner === undefined || administersBelow(caller, change.owner);
}

function keeps(caller: Caller, account: Account | undefined): boolean {
  if (account?.kind !== 'robot' || account.owner === undefined) return false;
  return administersBelow(caller, account.owner);
}

function administersBelow(caller: Caller, path: string): boolean {
  return caller.administersAll(`${path}/**` as PathPattern);
}
