/** `meridian retention`: which tags need not be kept. */
import type { Command } from 'commander';
import { connect } from '../connection.ts';
import { printTable, say } from '../print.ts';
import { collectWord, parseCount } from '../virtual/options.ts';
import { listed, type PlaceOptions, placeOf, printPath, withList, withPlace } from './options.ts';

interface RetentionText {
  readonly name: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly keep: Readonly<Record<string, number>>;
}

interface SetOptions extends PlaceOptions {
  readonly tag: readonly string[];
  readonly lastPushed?: number;
  readonly lastPulled?: number;
  readonly pushedWithin?: number;
  readonly pulledWithin?: number;
}

interface RunOptions extends PlaceOptions {
  readonly dryRun?: true;
}

interface ReportText {
  readonly tags: readonly {
    readonly repository: string;
    readonly tag: string;
    readonly digest: string;
  }[];
  readonly repositories: number;
  readonly passedOver: readonly string[];
  readonly failed: readonly string[];
  readonly awaitedSites: readonly string[];
  readonly isWhole: boolean;
}

const PLURAL = 'retentions';

export function addRetentionCommands(program: Command): void {
  const retention = program.command('retention').description('Which tags need not be kept.');
  withPlace(
    retention
      .command('set <name>')
      .description('Let old tags go at night; one is kept where one of the rules says so.')
      .requiredOption('--tag <pattern>', 'of which tags; several times', collectWord)
      .option('--last-pushed <count>', 'keep so many of those pushed last', parseCount)
      .option('--last-pulled <count>', 'keep so many of those pulled last', parseCount)
      .option('--pushed-within <days>', 'keep what was pushed within so many days', parseCount)
      .option('--pulled-within <days>', 'keep what was pulled within so many days', parseCount),
  ).action(setRetention);
  withList(retention.command('list').description('List them.')).action(listRetentions);
  withPlace(retention.command('remove <name>').description('Keep these tags again.')).action(
    removeRetention,
  );
  withPlace(
    retention
      .command('run')
      .description('Delete now what is not kept.')
      .option('--dry-run', 'only say what would go'),
  ).action(run);
}

async function setRetention(name: string, options: SetOptions): Promise<void> {
  const { path, tag: tags, lastPushed, lastPulled, pushedWithin, pulledWithin } = options;
  const within = { pushedWithinDays: pushedWithin, pulledWithinDays: pulledWithin };
  const body = { tags, keep: { lastPushed, lastPulled, ...within } };
  await connect(options).send('PUT', placeOf(PLURAL, name, path), body);
  say(`The retention ${name} of ${printPath(path ?? '')} is set; run --dry-run shows what goes.`);
}

async function listRetentions({ path, ...options }: PlaceOptions): Promise<void> {
  const all = await connect(options).list<RetentionText>(listed(PLURAL, path), PLURAL);
  const rows = all.map(({ name, path: where, tags, keep }) => {
    return [name, printPath(where), tags.join(' '), printRules(keep)];
  });
  return printTable(['retention', 'of', 'tags', 'keeps'], rows);
}

function printRules({ lastPushed, lastPulled, ...within }: RetentionText['keep']): string {
  const { pushedWithinDays, pulledWithinDays } = within;
  const rules = [
    lastPushed && `the last ${lastPushed} pushed`,
    lastPulled && `the last ${lastPulled} pulled`,
    pushedWithinDays && `pushed within ${pushedWithinDays} d`,
    pulledWithinDays && `pulled within ${pulledWithinDays} d`,
  ];
  return rules.filter(Boolean).join(', ');
}

async function removeRetention(name: string, options: PlaceOptions): Promise<void> {
  await connect(options).send('DELETE', placeOf(PLURAL, name, options.path));
  say(`The retention ${name} of ${printPath(options.path ?? '')} is gone.`);
}

async function run({ dryRun, path, ...options }: RunOptions): Promise<void> {
  const client = connect(options);
  const report = await client.send<ReportText>('POST', `/api/v1/${PLURAL}/run`, { dryRun, path });
  const { tags, repositories, passedOver, failed, awaitedSites, isWhole } = report;
  say(`${tags.length} tags of ${repositories} images ${dryRun ? 'would go' : 'went'}.`);
  for (const name of passedOver) say(`Passed over, since it is being moved: ${name}`);
  for (const name of failed) say(`Not looked at to the end, since it failed: ${name}`);
  for (const site of awaitedSites) {
    say(`What retentions keep by pulls was kept, since ${site} has not told of its last pulls.`);
  }
  if (!isWhole) say('There is more: run it again.');
  if (tags.length === 0) return;
  const rows = tags.map(({ repository, tag, digest }) => [repository, tag, digest]);
  await printTable(['image', 'tag', 'points to'], rows);
}
