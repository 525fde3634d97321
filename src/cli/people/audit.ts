/** `meridian audit`: administrative acts at a site, the newest first. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect } from '../connection.ts';
import { printTable } from '../print.ts';
import { withQuery } from '../tree/options.ts';
import { parseCount, printJson, withJson } from '../virtual/options.ts';

interface ActText {
  readonly at: string;
  readonly actor: string;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly outcome: string;
  readonly status?: number;
}

interface AuditOptions extends ConnectionOptions {
  readonly actor?: string;
  readonly path?: string;
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const PREFIX = '/api/v1';

export function addAuditCommand(program: Command): void {
  withJson(
    program
      .command('audit')
      .description('Show who did what at a site, the newest first.')
      .option('--actor <account>', 'only acts of this account')
      .option('--path <path>', 'only on what begins like this, such as /accounts/')
      .option('--outcome <word>', 'only what was done, refused, failed or begun')
      .option('--since <time>', 'not before this time, such as 2026-11-21T12:00:00Z')
      .option('--until <time>', 'before this time')
      .option('--limit <number>', 'at most so many', parseCount, 50),
  ).action(showActs);
}

async function showActs({ json, limit, path, ...options }: AuditOptions): Promise<void> {
  const { actor, outcome, since, until } = options;
  const below = path?.startsWith('/') && !path.startsWith(PREFIX) ? `${PREFIX}${path}` : path;
  const query = { actor, path: below, outcome, since, until, n: String(limit) };
  const { acts } = await connect(options).send<{ acts: ActText[] }>(
    'GET',
    withQuery(`${PREFIX}/audit`, query),
  );
  if (json) return printJson(acts);
  const rows = acts.map(
    ({ at, actor: who, address, method, path: what, outcome: came, status }) => {
      const shown = what.startsWith(PREFIX) ? what.slice(PREFIX.length) : what;
      return [
        at,
        who || '(nobody)',
        address,
        `${method} ${shown}`,
        [came, status].join(' ').trim(),
      ];
    },
  );
  return printTable(['at', 'who', 'from', 'what', 'outcome'], rows);
}
