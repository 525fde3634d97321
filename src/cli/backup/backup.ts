/**
 * `meridian backup` and `meridian restore`. Unlike the other commands they stand beside a site and
 * read its settings: what they keep has secrets that no API gives away.
 */
import type { Command } from 'commander';
import type { BackupReport, BlobProgress } from '../../backup/backup.ts';
import { CLIENT_VARIABLES } from '../../config/settings.ts';
import { loadConfig, processEnvironment } from '../../config.ts';
import { printBytes } from '../amounts.ts';
import { EXIT } from '../exit-codes.ts';
import { say } from '../print.ts';
import { openProgress } from '../progress.ts';

interface Options {
  readonly config?: string;
  readonly factsOnly?: true;
  readonly partial?: true;
  readonly json?: true;
}

export function addBackupCommands(program: Command): void {
  withSettings(program.command('backup <folder>'))
    .description('Keep a site in a folder, also while it runs; again only what is new is copied.')
    .option('--facts-only', 'no blobs: for a bucket that is kept by other means, after this')
    .action(backUp);
  withSettings(program.command('restore <folder>'))
    .description('Put the site of a backup into an empty data folder and an empty database.')
    .option('--facts-only', 'no blobs: the bucket was restored before')
    .option('--partial', 'go on although blobs of the backup are damaged')
    .action(restore);
}

function withSettings(command: Command): Command {
  return command
    .option('--config <file>', 'YAML file of the site’s settings; the environment wins over it')
    .option('--json', 'as JSON, for programs');
}

function settle({ config }: Options) {
  return loadConfig(config ?? processEnvironment()[CLIENT_VARIABLES.config]);
}

async function backUp(folder: string, options: Options): Promise<void> {
  const { backUpSite } = await import('../../backup/main.ts');
  const isFactsOnly = options.factsOnly ?? false;
  const choice = { folder, isFactsOnly };
  const report = await withProgress('keeping blobs', async (progress) =>
    backUpSite(await settle(options), { ...choice, progress }),
  );
  const { copied, blobs, bytes } = report;
  const content = `${blobs} blobs, of which ${copied} were copied (${printBytes(bytes)})`;
  tell(report, options, `The site ${report.site} is kept as of ${report.takenAt}: ${content}.`);
}

async function restore(folder: string, options: Options): Promise<void> {
  const { restoreSite } = await import('../../backup/main.ts');
  const choice = { isFactsOnly: options.factsOnly ?? false, isPartial: options.partial ?? false };
  const report = await withProgress('bringing blobs back', async (progress) =>
    restoreSite(await settle(options), { folder, ...choice, progress }),
  );
  const { site, takenAt, blobs } = report;
  const what = `The site ${site} is back as of ${takenAt}, with ${blobs} blobs.`;
  tell(report, options, `${what} Start it; the other sites will take over what it has.`);
}

async function withProgress<T>(
  what: string,
  work: (progress: BlobProgress) => Promise<T>,
): Promise<T> {
  const bar = await openProgress('items');
  const progress = { start: (blobs: number) => bar.start(what, blobs), onBlob: () => bar.add(1) };
  return work(progress).finally(() => bar.stop());
}

/** Ends with 3 where a blob was lost before, since what is told is not all that there was. */
function tell(report: BackupReport, { json }: Options, sentence: string): void {
  if (json) say(JSON.stringify(report));
  else say(sentence);
  if (report.lost.length === 0) return;
  process.exitCode = EXIT.no;
  if (!json) say(`Lost at the site itself: ${report.lost.join(', ')}`);
}
