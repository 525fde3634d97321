/** `meridian quota`: how much room a part of the tree has. */
import type { Command } from 'commander';
import { printBytes } from '../amounts.ts';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { printTable, say } from '../print.ts';
import { listed, type PlaceOptions, parseBytes, printPath, withList } from './options.ts';

interface QuotaText {
  readonly path: string;
  readonly limitBytes: number;
  readonly usedBytes: number;
}

const PLURAL = 'quotas';

export function addQuotaCommands(program: Command): void {
  const quota = program.command('quota').description('How much room a part of the tree has.');
  withConnection(
    quota
      .command('set <limit> [path]')
      .description('Set it, such as 20GB; for the whole registry where no path is named.'),
  ).action((limit: string, path: string | undefined, options: ConnectionOptions) =>
    setQuota(parseBytes(limit), path, options),
  );
  withList(quota.command('list').description('List them.')).action(listQuotas);
  withConnection(quota.command('remove [path]').description('Remove it.')).action(removeQuota);
}

async function setQuota(
  limitBytes: number,
  path: string | undefined,
  options: ConnectionOptions,
): Promise<void> {
  const set = await connect(options).send<QuotaText>('PUT', placeOf(path), { limitBytes });
  const [used, limit] = [set.usedBytes, set.limitBytes].map(printBytes);
  say(`The quota of ${printPath(set.path)} is ${limit}, of which ${used} are used.`);
}

async function listQuotas({ path, ...options }: PlaceOptions): Promise<void> {
  const all = await connect(options).list<QuotaText>(listed(PLURAL, path), PLURAL);
  const rows = all.map(({ path: where, usedBytes, limitBytes }) => {
    return [printPath(where), printBytes(usedBytes), printBytes(limitBytes)];
  });
  return printTable(['quota of', 'used', 'limit'], rows);
}

async function removeQuota(path: string | undefined, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', placeOf(path));
  say(`The quota of ${printPath(path ?? '')} is gone.`);
}

function placeOf(path = ''): string {
  return listed(PLURAL, path);
}
