/** `meridian token`: access tokens, which stand in for an account's password and may less. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { duration } from '../config/values.ts';
import { ACTIONS } from '../oci/action.ts';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { collectPattern, parseActions } from './grants.ts';
import { printTable, say } from './print.ts';

interface TokenText {
  readonly id: string;
  readonly label: string;
  readonly actions: readonly string[];
  readonly patterns: readonly string[];
  readonly expiresAt?: string;
}

interface AddOptions extends ConnectionOptions {
  readonly label: string;
  readonly actions?: readonly string[];
  readonly pattern?: readonly string[];
  /** Milliseconds from now. */
  readonly expires?: number;
}

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('Access tokens of an account.');
  withConnection(token.command('list <account>').description('List them.')).action(listTokens);
  withConnection(
    token
      .command('add <account>')
      .description('Make one; its secret is printed once.')
      .requiredOption('--label <text>', 'what it is for')
      .option('--actions <list>', `at most these: ${ACTIONS.join(',')}`, parseActions)
      .option('--pattern <pattern>', 'only there; may be given several times', collectPattern)
      .option('--expires <time>', 'how long it lives, such as 90d', parseTime),
  ).action(addToken);
  withConnection(token.command('remove <account> <id>').description('End one.')).action(
    removeToken,
  );
}

function pathOf(account: string): string {
  return `/api/v1/accounts/${encodeURIComponent(account)}/access-tokens`;
}

export function parseTime(text: string): number {
  const { read, wanted } = duration('1m', '3650d');
  const milliseconds = read(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError(`It ${wanted}.`);
}

async function listTokens(account: string, options: ConnectionOptions): Promise<void> {
  const tokens = await connect(options).list<TokenText>(pathOf(account), 'accessTokens');
  const rows = tokens.map(({ id, label, actions, patterns, expiresAt }) => {
    const limits = [actions.join(',') || 'all actions', patterns.join(' ') || 'everywhere'];
    return [id, label, limits.join(', '), expiresAt ?? 'never'];
  });
  await printTable(['id', 'label', 'may', 'ends'], rows);
}

async function addToken(account: string, options: AddOptions): Promise<void> {
  const { label, actions = [], pattern = [], expires } = options;
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires);
  const body = { label, actions, patterns: pattern, expiresAt };
  const { secret } = await connect(options).send<{ secret: string }>('POST', pathOf(account), body);
  say(
    `Log in as ${account} with this instead of a password; it is not shown again:\n\n  ${secret}`,
  );
}

async function removeToken(account: string, id: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', `${pathOf(account)}/${encodeURIComponent(id)}`);
  say('The token is gone.');
}
