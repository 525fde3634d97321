/** `meridian robot`: accounts for machines, which a path owns and time ends. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { collectGrant, type GrantText, printGrants } from '../grants.ts';
import { printTable, say } from '../print.ts';
import { parseTime } from '../token.ts';
import { withQuery } from '../tree/options.ts';
import { printJson, withJson } from '../virtual/options.ts';

interface RobotText {
  readonly name: string;
  readonly isDisabled: boolean;
  readonly owner?: string;
  readonly expiresAt?: string;
  readonly grants: readonly GrantText[];
}

interface ListOptions extends ConnectionOptions {
  readonly owner?: string;
  readonly json?: boolean;
}

interface AddOptions extends ListOptions {
  readonly grant?: readonly GrantText[];
  /** Milliseconds from now. */
  readonly expires?: number;
}

const OWNER = 'the path whose administrators keep it, such as acme/app';

export function addRobotCommands(program: Command): void {
  const robot = program.command('robot').description('Accounts for machines.');
  withJson(
    robot
      .command('list')
      .description('List the robots.')
      .option('--owner <path>', 'only those that this path owns, or one below it'),
  ).action(listRobots);
  withConnection(
    robot
      .command('add <name>')
      .description('Create one; its secret is printed once.')
      .option('--owner <path>', OWNER)
      .option('--grant <pattern=actions>', 'what it may, such as team/**=pull,push', collectGrant)
      .option('--expires <time>', 'how long it lives, such as 90d', parseTime),
  ).action(addRobot);
  withConnection(
    robot.command('rotate <name>').description('Make a new secret in place of all it had.'),
  ).action(rotateRobot);
  withConnection(robot.command('remove <name>').description('Remove it with its secrets.')).action(
    removeRobot,
  );
}

function pathOf(name: string): string {
  return `/api/v1/accounts/${encodeURIComponent(name)}`;
}

async function listRobots({ owner, json, ...options }: ListOptions): Promise<void> {
  const path = withQuery('/api/v1/accounts', { kind: 'robot', owner });
  const robots = await connect(options).list<RobotText>(path, 'accounts');
  if (json) return printJson(robots);
  const rows = robots.map((one) => {
    const ends = one.isDisabled ? 'disabled' : (one.expiresAt ?? 'never');
    return [one.name, one.owner ?? '', ends, printGrants(one.grants)];
  });
  return printTable(['robot', 'owner', 'ends', 'may'], rows);
}

async function addRobot(
  name: string,
  { owner, grant = [], expires, ...options }: AddOptions,
): Promise<void> {
  const client = connect(options);
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires);
  await client.send('PUT', pathOf(name), { kind: 'robot', owner, grants: grant, expiresAt });
  await renew(name, options);
}

function rotateRobot(name: string, options: ConnectionOptions): Promise<void> {
  return renew(name, options);
}

async function renew(name: string, options: ConnectionOptions): Promise<void> {
  const { secret } = await connect(options).send<{ secret: string }>(
    'POST',
    `${pathOf(name)}/rotate`,
    {},
  );
  say(`Log in as ${name} with this password; it is not shown again:\n\n  ${secret}`);
}

async function removeRobot(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', pathOf(name));
  say(`The robot ${name} is gone.`);
}
