/** `meridian activity`: who pushed, deleted and moved what. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { waitForStop } from '../../stop.ts';
import { type ConnectionOptions, connect } from '../connection.ts';
import { printTable, say } from '../print.ts';
import type { SiteClient } from '../site-client.ts';
import { withQuery } from '../tree/options.ts';
import { parseCount, printJson, withJson } from '../virtual/options.ts';

interface ActivityText {
  readonly id: number;
  readonly at: string;
  readonly action: string;
  readonly repository: string;
  readonly tags: readonly string[];
  readonly digest?: string;
  readonly movedTo?: string;
  readonly movedFrom?: string;
  readonly actor: string;
}

interface ActivityOptions extends ConnectionOptions {
  readonly action?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
  readonly most: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const FOLLOW_MS = 1000;

export function addActivityCommand(program: Command): void {
  withJson(
    program
      .command('activity [path]')
      .description('Tell who pushed, deleted and moved what, the newest first.')
      .addOption(new Option('--action <what>', 'only this').choices(['push', 'delete', 'move']))
      .option('--actor <account>', 'only what this account did')
      .option('--since <time>', 'from then on, such as 2026-11-21T12:00:00Z')
      .option('--until <time>', 'before then')
      .option('--most <count>', 'how many at most', parseCount, 50)
      .option('--follow', 'go on telling what happens, a line each, until Ctrl-C'),
  ).action(tellActivity);
}

async function tellActivity(
  path: string | undefined,
  { action, actor, since, until, most, follow, json, ...options }: ActivityOptions,
): Promise<void> {
  const client = connect(options);
  const query = { path, action, actor, since, until };
  const found = await ask(client, query, most);
  if (follow) return followActivity(client, { query, seen: found, json: json ?? false });
  if (json) return printJson(found);
  return printTable(['when', 'who', 'did', 'what'], found.map(toRow));
}

type Query = Readonly<Record<string, string | undefined>>;

function ask(client: SiteClient, query: Query, most: number): Promise<ActivityText[]> {
  const n = String(Math.min(Math.max(most, 1), 1000));
  return client.list(withQuery('/api/v1/activity', { ...query, n }), 'activity', most);
}

interface Followed {
  readonly query: Query;
  /** The newest first. */
  readonly seen: readonly ActivityText[];
  readonly json: boolean;
}

/** What happened in the millisecond of the newest is asked for again, and told once. */
async function followActivity(client: SiteClient, { query, seen, json }: Followed): Promise<void> {
  const stopping = new AbortController();
  void waitForStop().then(() => stopping.abort());
  let known = seen;
  let fresh = seen;
  while (!stopping.signal.aborted) {
    for (const entry of fresh.toReversed()) say(json ? JSON.stringify(entry) : toLine(entry));
    await sleep(FOLLOW_MS, undefined, stopping).catch(() => undefined);
    const since = known[0]?.at ?? query['since'];
    const found = await ask(client, { ...query, since }, Number.POSITIVE_INFINITY);
    const ids = new Set(known.map(({ id }) => id));
    fresh = found.filter(({ id }) => !ids.has(id));
    known = found.length > 0 ? found : known;
  }
}

function toLine(entry: ActivityText): string {
  return toRow(entry).join('  ');
}

function toRow({ at, actor, action, ...what }: ActivityText): string[] {
  return [at, actor === '' ? 'anonymous' : actor, action, printWhat(what)];
}

function printWhat(what: Omit<ActivityText, 'at' | 'actor' | 'action'>): string {
  const { repository, tags, digest, movedTo, movedFrom } = what;
  if (movedTo !== undefined) return `${repository} to ${movedTo}`;
  if (movedFrom !== undefined) return `${repository} from ${movedFrom}`;
  if (tags.length > 0) return tags.map((tag) => `${repository}:${tag}`).join(' ');
  return digest === undefined ? repository : `${repository}@${digest}`;
}
