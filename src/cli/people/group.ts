/** `meridian group`: groups of accounts, and what their members may. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { collectGrant, type GrantText, printGrants } from '../grants.ts';
import { printTable, say } from '../print.ts';
import { printJson, withJson } from '../virtual/options.ts';

interface GroupText {
  readonly name: string;
  readonly grants: readonly GrantText[];
  readonly externalName?: string;
}

interface JsonOptions extends ConnectionOptions {
  readonly json?: boolean;
}

interface ChangeOptions extends ConnectionOptions {
  readonly grant?: readonly GrantText[];
  readonly external?: string;
}

const GROUPS = '/api/v1/account_groups';
const GRANT_MEANING = 'what its members may, such as team/**=pull; may be given several times';

export function addGroupCommands(program: Command): void {
  const group = program.command('group').description('Groups of accounts.');
  withJson(group.command('list').description('List the groups.')).action(listGroups);
  withJson(group.command('members <group>').description('List its members.')).action(listMembers);
  withConnection(
    group
      .command('put <group>')
      .description('Create a group, or settle what its members may.')
      .option('--grant <pattern=actions>', GRANT_MEANING, collectGrant)
      .option('--external <name>', 'what an identity provider calls it, which names its members'),
  ).action(putGroup);
  withConnection(
    group.command('join <group> <account>').description('Let an account join.'),
  ).action((name: string, account: string, options: ConnectionOptions) =>
    changeMember('PUT', [name, account], options),
  );
  withConnection(
    group.command('leave <group> <account>').description('Let it leave, at once.'),
  ).action((name: string, account: string, options: ConnectionOptions) =>
    changeMember('DELETE', [name, account], options),
  );
  withConnection(
    group.command('remove <group>').description('Remove a group; its members leave it.'),
  ).action(removeGroup);
}

function pathOf(name: string): string {
  return `${GROUPS}/${encodeURIComponent(name)}`;
}

async function listGroups({ json, ...options }: JsonOptions): Promise<void> {
  const groups = await connect(options).list<GroupText>(GROUPS, 'groups');
  if (json) return printJson(groups);
  const rows = groups.map((one) => [one.name, one.externalName ?? '', printGrants(one.grants)]);
  return printTable(['group', 'at the provider', 'may'], rows);
}

async function listMembers(name: string, { json, ...options }: JsonOptions): Promise<void> {
  const path = `${pathOf(name)}/members`;
  const members = await connect(options).list<{ name: string; kind: string }>(path, 'members');
  if (json) return printJson(members);
  return printTable(
    ['account', 'kind'],
    members.map((one) => [one.name, one.kind]),
  );
}

async function putGroup(
  name: string,
  { grant: grants, external: externalName, ...options }: ChangeOptions,
): Promise<void> {
  const group = await connect(options).send<GroupText>('PUT', pathOf(name), {
    grants,
    externalName,
  });
  say(`What members of ${name} may: ${printGrants(group.grants) || 'nothing'}`);
}

async function changeMember(
  method: 'PUT' | 'DELETE',
  [name, account]: readonly [string, string],
  options: ConnectionOptions,
): Promise<void> {
  const path = `${pathOf(name)}/members/${encodeURIComponent(account)}`;
  await connect(options).send(method, path);
  say(`${account} is ${method === 'PUT' ? 'a' : 'no'} member of ${name}.`);
}

async function removeGroup(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', pathOf(name));
  say(`The group ${name} is gone.`);
}
