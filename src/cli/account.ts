/** `meridian account`: who may log in, and what they may. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { collectGrant, type GrantText, printGrants } from './grants.ts';
import { keepAnswer, printTable, say } from './print.ts';

interface AccountText {
  readonly name: string;
  readonly kind: string;
  readonly isDisabled: boolean;
  readonly grants: readonly GrantText[];
}

interface GrantOptions extends ConnectionOptions {
  readonly grant?: readonly GrantText[];
}

const GRANT = '--grant <pattern=actions>';
const GRANT_MEANING = 'what it may, such as team/**=pull,push; may be given several times';

export function addAccountCommands(program: Command): void {
  const account = program.command('account').description('Who may log in, and what they may.');
  withConnection(account.command('list').description('List the accounts.')).action(listAccounts);
  withConnection(
    account
      .command('add <name>')
      .description('Create an account; prints the password that was made for it.')
      .option(GRANT, GRANT_MEANING, collectGrant)
      .option('--robot', 'a robot has no password; give it access tokens'),
  ).action(addAccount);
  withConnection(
    account
      .command('grant <name>')
      .description('Settle what an account may; what is not named is taken away.')
      .option(GRANT, GRANT_MEANING, collectGrant),
  ).action(settleGrants);
  withConnection(
    account.command('password <name>').description('Make a new password; all its tokens end.'),
  ).action(renewPassword);
  withConnection(
    account.command('disable <name>').description('Let nobody in by it, nor by its tokens.'),
  ).action((name: string, options: ConnectionOptions) => settleState(name, options, true));
  withConnection(account.command('enable <name>').description('Let it in again.')).action(
    (name: string, options: ConnectionOptions) => settleState(name, options, false),
  );
  withConnection(account.command('remove <name>').description('Remove an account.')).action(
    removeAccount,
  );
}

function pathOf(name: string): string {
  return `/api/v1/accounts/${encodeURIComponent(name)}`;
}

/** 120 bits, in letters that survive every shell. */
function makePassword(): string {
  return randomBytes(15).toString('base64url');
}

async function listAccounts(options: ConnectionOptions): Promise<void> {
  const client = connect(options);
  const accounts = await client.list<AccountText>('/api/v1/accounts', 'accounts');
  const rows = accounts.map(({ name, kind, isDisabled, grants }) => {
    return [name, isDisabled ? `${kind}, disabled` : kind, printGrants(grants)];
  });
  await printTable(['account', 'kind', 'may'], rows);
}

async function addAccount(
  name: string,
  { grant = [], robot, ...options }: GrantOptions & { readonly robot?: boolean },
): Promise<void> {
  const client = connect(options);
  const kind = robot ? 'robot' : 'person';
  const password = robot ? undefined : makePassword();
  await client.send('PUT', pathOf(name), { kind, grants: grant, password });
  keepAnswer({ name, password });
  if (password) say(`The account ${name} is there, with the password ${password}`);
  else say(`The robot ${name} is there; meridian token add ${name} makes a token for it.`);
}

async function settleGrants(name: string, { grant = [], ...options }: GrantOptions): Promise<void> {
  await connect(options).send('PUT', pathOf(name), { grants: grant });
  say(`What ${name} may: ${printGrants(grant) || 'nothing'}`);
}

async function renewPassword(name: string, options: ConnectionOptions): Promise<void> {
  const password = makePassword();
  await connect(options).send('PUT', `${pathOf(name)}/password`, { password });
  keepAnswer({ name, password });
  say(`The password of ${name} is now ${password}`);
}

async function settleState(
  name: string,
  options: ConnectionOptions,
  isDisabled: boolean,
): Promise<void> {
  await connect(options).send('PUT', pathOf(name), { isDisabled });
  say(`The account ${name} is ${isDisabled ? 'disabled' : 'enabled'}.`);
}

async function removeAccount(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', pathOf(name));
  say(`The account ${name} is gone.`);
}
