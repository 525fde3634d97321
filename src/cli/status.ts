/** `meridian status`: how every site is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Place, printPlace } from '../oci/place.ts';
import { waitForStop } from '../stop.ts';
import { printBytes, printPercent, printSeconds } from './amounts.ts';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { printTable, say } from './print.ts';
import type { SiteClient } from './site-client.ts';

interface ExtentText {
  readonly percent: number | null;
}

interface StatusText {
  readonly role: string;
  readonly appliedPosition: number;
  readonly lagSeconds: number | null;
  readonly manifests: ExtentText;
  readonly blobs: ExtentText;
  readonly bytesBehind: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  readonly lanes: Readonly<Record<'demand' | 'fresh' | 'backfill', number>>;
  readonly isHealthy: boolean;
  readonly health: string;
}

interface SiteText {
  readonly name: string;
  readonly place?: Place;
  /** Null for a site that has said nothing of itself. */
  readonly status: StatusText | null;
}

interface StatusOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

const REDRAW_MS = 1000;
const CLEAR_SCREEN = '\u001b[2J\u001b[H';

const HEAD = ['site', 'role', 'position', 'lag', 'manifests', 'blobs', 'behind', 'speed', 'left'];
const LANES_HEAD = 'demand/fresh/backfill';

export function addStatusCommand(program: Command): void {
  withConnection(
    program
      .command('status')
      .description(`Tell how every site is; ends with ${EXIT.no} where one is ill.`)
      .option('--json', 'as JSON, for programs')
      .option('--watch', 'draw it again each second, until Ctrl-C'),
  ).action(showStatus);
}

async function showStatus({ json, watch, ...options }: StatusOptions): Promise<void> {
  const client = connect(options);
  const show = json ? printJson : printSites;
  if (watch) await redraw(client, show);
  else await show(await readSites(client));
}

async function redraw(client: SiteClient, show: typeof printSites): Promise<void> {
  const stopped = new AbortController();
  void waitForStop().then(() => stopped.abort());
  while (!stopped.signal.aborted) {
    const sites = await readSites(client);
    if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
    await show(sites);
    await sleep(REDRAW_MS, undefined, { signal: stopped.signal }).catch(() => {});
  }
}

async function readSites(client: SiteClient): Promise<readonly SiteText[]> {
  const { sites } = await client.send<{ sites: SiteText[] }>('GET', '/api/v1/sites');
  process.exitCode = sites.every(({ status }) => status?.isHealthy) ? 0 : EXIT.no;
  return sites;
}

async function printJson(sites: readonly SiteText[]): Promise<void> {
  say(JSON.stringify({ sites }));
}

async function printSites(sites: readonly SiteText[]): Promise<void> {
  await printTable([...HEAD, LANES_HEAD], sites.map(printRow));
  for (const { name, place, status } of sites) {
    const mark = status?.isHealthy ? '' : 'ILL: ';
    const title = place ? `${name} at ${printPlace(place)}` : name;
    say(`${title}: ${mark}${status?.health ?? 'It has said nothing of itself yet.'}`);
  }
}

function printRow({ name, status }: SiteText): string[] {
  if (!status) return [name, ...HEAD.slice(1).map(() => '–'), '–'];
  const { demand, fresh, backfill } = status.lanes;
  return [
    name,
    status.role,
    `${status.appliedPosition}`,
    printSeconds(status.lagSeconds),
    printPercent(status.manifests.percent),
    printPercent(status.blobs.percent),
    printBytes(status.bytesBehind),
    `${printBytes(status.bytesPerSecond)}/s`,
    printSeconds(status.secondsLeft),
    `${demand}/${fresh}/${backfill}`,
  ];
}
