/** `meridian site orders|failures|settings`: what a site says of itself, and only itself knows. */
import type { Command } from 'commander';
import { printBytes } from '../amounts.ts';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { printTable } from '../print.ts';
import { withQuery } from '../tree/options.ts';
import { parseCount } from '../virtual/options.ts';

interface OrderText {
  readonly id: string;
  readonly kind: string;
  readonly repository?: string;
  readonly digest?: string;
  readonly state: string;
  readonly outcome?: string;
}

interface FailureText {
  readonly repository: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly attempts: number;
  readonly reason: string;
  readonly message: string;
  readonly nextTryAt: string;
}

interface SettingsText {
  readonly settings: readonly {
    readonly variable: string;
    readonly value: string | null;
    readonly isHidden: boolean;
  }[];
}

interface FailureOptions extends ConnectionOptions {
  readonly most: number;
}

/** Adds the commands to `meridian site`. */
export function addSiteLookCommands(site: Command): void {
  withConnection(
    site
      .command('orders <name>')
      .description('List what a site was told to do, and what came of it; ask that site itself.'),
  ).action(listOrders);
  withConnection(
    site
      .command('failures <name>')
      .description('List the transfers that failed last at a site, and why; ask that site itself.')
      .option('--most <count>', 'how many at most', parseCount, 100),
  ).action(listFailures);
  withConnection(
    site.command('settings').description('Print what the site that answers was set to.'),
  ).action(printSettings);
}

function pathOf(name: string, noun: string): string {
  return `/api/v1/sites/${encodeURIComponent(name)}/${noun}`;
}

async function listOrders(name: string, options: ConnectionOptions): Promise<void> {
  const orders = await connect(options).list<OrderText>(pathOf(name, 'orders'), 'orders');
  const rows = orders.map(({ id, kind, repository = 'everything', digest = '', ...came }) => {
    return [id, kind, `${repository}\n${digest}`.trim(), came.state, came.outcome ?? ''];
  });
  await printTable(['order', 'what', 'of', 'state', 'outcome'], rows);
}

async function listFailures(name: string, { most, ...options }: FailureOptions): Promise<void> {
  const path = withQuery(pathOf(name, 'failures'), {
    n: String(Math.min(Math.max(most, 1), 1000)),
  });
  const failures = await connect(options).list<FailureText>(path, 'failures', most);
  const rows = failures.map((one) => {
    const tried = `${one.attempts} times; again at ${one.nextTryAt}`;
    const what = `${one.repository}\n${one.digest}`;
    return [what, printBytes(one.sizeBytes), one.reason, one.message, tried];
  });
  await printTable(['blob', 'size', 'why', 'in words', 'tried'], rows);
}

async function printSettings(options: ConnectionOptions): Promise<void> {
  const { settings } = await connect(options).send<SettingsText>('GET', '/api/v1/settings');
  const rows = settings.map(({ variable, value, isHidden }) => {
    return [variable, isHidden ? '(set, and secret)' : (value ?? '(not set)')];
  });
  await printTable(['setting', 'value'], rows);
}
