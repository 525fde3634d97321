/** `meridian garbage`: what nobody needs any more, and what became of it. */
import type { Command } from 'commander';
import { printBytes } from './amounts.ts';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { printTable, say } from './print.ts';
import { type Share, showWhile } from './progress.ts';
import type { SiteClient } from './site-client.ts';

interface RunText {
  readonly id: string;
  readonly endedAt: string;
  readonly isDryRun: boolean;
  readonly isWhole: boolean;
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly freedBytes: number;
  readonly doubts: readonly { readonly repository: string; readonly message: string }[];
  readonly items?: readonly {
    readonly kind: string;
    readonly repository?: string;
    readonly digest: string;
    readonly sizeBytes: number;
  }[];
}

interface StatusText {
  readonly lastRun?: RunText;
  readonly queue: Readonly<Record<string, { readonly waiting: number; readonly due: number }>>;
  readonly kept: number;
}

interface RunChoice extends ConnectionOptions {
  readonly dryRun?: true;
  readonly sweep?: true;
}

interface UndoChoice extends ConnectionOptions {
  readonly run?: string;
  readonly repository?: string;
}

const PATH = '/api/v1/garbage';

export function addGarbageCommands(program: Command): void {
  const garbage = program.command('garbage').description('What nobody needs any more.');
  withConnection(
    garbage.command('status').description('Print what waits, and what the last run did.'),
  ).action(printStatus);
  withConnection(
    garbage
      .command('run')
      .description('Collect what is due now.')
      .option('--dry-run', 'only say what would go')
      .option('--sweep', 'look through the whole store for bytes that nothing names, too'),
  ).action(run);
  withConnection(
    garbage
      .command('undo')
      .description('Bring back what was collected, as far as it is kept.')
      .option('--run <id>', 'what this run took; everything by default')
      .option('--repository <name>', 'what was taken from this repository'),
  ).action(undo);
}

async function printStatus(options: ConnectionOptions): Promise<void> {
  const { queue, kept, lastRun } = await connect(options).send<StatusText>('GET', PATH);
  const rows = Object.entries(queue).map(([kind, { waiting, due }]) => {
    return [`${kind}s to be looked at`, String(waiting), String(due)];
  });
  await printTable(['', 'waiting', 'due'], rows);
  say(`${kept} could be brought back.`);
  if (!lastRun) return say('Nothing was collected yet.');
  say(`The last run, ${lastRun.id}, ended at ${lastRun.endedAt}.`);
  await printRun(lastRun);
}

async function run({ dryRun, sweep, ...options }: RunChoice): Promise<void> {
  const client = connect(options);
  const due = await countDue(client);
  const report = await showWhile(
    () => client.send<RunText>('POST', `${PATH}/run`, { dryRun, sweep }),
    {
      what: 'looking at what is due',
      read: () => readShare(client, due),
    },
  );
  await printRun(report);
  if (!report.isWhole) say('There is more: run it again.');
}

/** What waits and is due, of any kind. */
async function countDue(client: SiteClient): Promise<number> {
  const { queue } = await client.send<StatusText>('GET', PATH);
  return Object.values(queue).reduce((sum, { due }) => sum + due, 0);
}

async function readShare(client: SiteClient, total: number): Promise<Share> {
  return { total, done: Math.max(total - (await countDue(client)), 0) };
}

async function printRun(report: RunText): Promise<void> {
  const { manifests, links, blobs, freedBytes, isDryRun, doubts, items = [], id } = report;
  const verb = isDryRun ? 'would go' : 'went';
  const bytes = `the bytes of ${blobs} blobs (${printBytes(freedBytes)})`;
  say(`${manifests} manifests, ${links} links and ${bytes} ${verb}.`);
  if (!isDryRun) say(`The run is ${id}.`);
  for (const { repository, message } of doubts) say(`Kept in doubt: ${repository} ${message}`);
  if (items.length === 0) return;
  const rows = items.map(({ kind, repository = '', digest, sizeBytes }) => {
    return [kind, repository, digest, printBytes(sizeBytes)];
  });
  await printTable(['what', 'repository', 'digest', 'size'], rows);
}

async function undo({ run: id, repository, ...options }: UndoChoice): Promise<void> {
  const body = { run: id, repository };
  const { links, manifests, tooLate } = await connect(options).send<{
    readonly links: number;
    readonly manifests: number;
    readonly tooLate: number;
  }>('POST', `${PATH}/undo`, body);
  say(`${manifests} manifests and ${links} links are back; for ${tooLate} it is too late.`);
}
