/** `meridian image` and `meridian tree`: what copies, moves and deletes. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { type ConnectionOptions, connect } from '../connection.ts';
import { say } from '../print.ts';
import { printJson, withJson } from '../virtual/options.ts';

interface EditOptions extends ConnectionOptions {
  readonly json?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly referrers?: true;
}

interface MoveText {
  readonly names: readonly { readonly from: string; readonly to: string }[];
  readonly leasedUntil?: string;
}

const YES = '-y, --yes';
const DRY_RUN = '--dry-run';

export function addImageEdits(image: Command): void {
  withJson(
    image
      .command('delete <image>')
      .description('Delete an image with all its tags, or with :<tag> that tag alone.')
      .option(YES, 'without asking'),
  ).action(deleteImage);
  withJson(
    image
      .command('rename <name> <new-name>')
      .description('Give an image another name, with all its tags. No bytes move.')
      .option(DRY_RUN, 'only say what would be; keeps both names for a minute')
      .option(YES, 'without asking'),
  ).action((from: string, to: string, options: EditOptions) =>
    move({ noun: 'repositories', from, to }, options),
  );
  withJson(
    image
      .command('copy <source> <target>')
      .description('Copy name:tag or name@digest to another name:tag. No bytes move.')
      .option('--referrers', 'with signatures, and all else that refers to it'),
  ).action(copyImage);
  withJson(
    image
      .command('tag <image> <tag>')
      .description('Let a further tag of its image point to what name:tag or name@digest is.'),
  ).action((source: string, tag: string, options: EditOptions) =>
    copyImage(source, `${source.split(/[:@]/, 1)[0]}:${tag}`, options),
  );
}

export function addTreeEdits(tree: Command): void {
  withJson(
    tree
      .command('delete <path>')
      .description('Delete all images at or below a path: of a project, or of a group.')
      .option(DRY_RUN, 'only say what would go')
      .option(YES, 'without asking'),
  ).action(deleteTree);
  withJson(
    tree
      .command('move <path> <new-path>')
      .description('Move all images at or below a path. No bytes move.')
      .option(DRY_RUN, 'only say what would be; keeps both paths for a minute')
      .option(YES, 'without asking'),
  ).action((from: string, to: string, options: EditOptions) =>
    move({ noun: 'trees', from, to }, options),
  );
}

async function deleteImage(image: string, options: EditOptions): Promise<void> {
  const noun = image.includes(':') ? 'tags' : 'repositories';
  const what = noun === 'tags' ? `the tag ${image}` : `${image} with all its tags`;
  if (!(await isSure(`Delete ${what}?`, options))) return say('Nothing was deleted.');
  await connect(options).send('DELETE', `/api/v1/${noun}/${image}`);
  if (options.json) return printJson({ deleted: image });
  return say(`${image} is deleted.`);
}

async function copyImage(source: string, target: string, options: EditOptions): Promise<void> {
  const body = { from: source, ...(options.referrers ? { referrers: true } : {}) };
  const copied = await connect(options).send<{ readonly digest: string }>(
    'PUT',
    `/api/v1/tags/${target}`,
    body,
  );
  if (options.json) return printJson(copied);
  return say(`${target} is ${copied.digest}.`);
}

async function deleteTree(path: string, options: EditOptions): Promise<void> {
  const site = connect(options);
  const send = (isDryRun: boolean) =>
    site.send<{ readonly repositories: readonly string[] }>(
      'DELETE',
      `/api/v1/trees/${path}?dry_run=${isDryRun}`,
    );
  const asks = !options.dryRun && !options.yes;
  if (options.dryRun || asks) {
    const planned = await send(true);
    if (options.dryRun && options.json) return printJson(planned);
    for (const name of planned.repositories) say(name);
    if (options.dryRun) return say(`${countOf(planned.repositories)} would be deleted.`);
    const question = `Delete ${countOf(planned.repositories)} with all their tags?`;
    if (!(await isSure(question, options))) return say('Nothing was deleted.');
  }
  const deleted = await send(false);
  if (options.json) return printJson(deleted);
  return say(`${countOf(deleted.repositories)} deleted.`);
}

interface Names {
  readonly noun: 'repositories' | 'trees';
  readonly from: string;
  readonly to: string;
}

async function move({ noun, from, to }: Names, options: EditOptions): Promise<void> {
  const site = connect(options);
  const body = noun === 'trees' ? { path: to } : { name: to };
  const send = (isDryRun: boolean) =>
    site.send<MoveText>('PATCH', `/api/v1/${noun}/${from}?dry_run=${isDryRun}`, body);
  const asks = !options.dryRun && !options.yes;
  if (options.dryRun || asks) {
    const planned = await send(true);
    if (options.dryRun && options.json) return printJson(planned);
    for (const name of planned.names) say(`${name.from} -> ${name.to}`);
    if (options.dryRun) return say(`Both names are kept for you until ${planned.leasedUntil}.`);
    if (!(await isSure(`Move ${countOf(planned.names)}?`, options))) {
      return say('Nothing was moved; both names are free again in a minute.');
    }
  }
  const moved = await send(false);
  if (options.json) return printJson(moved);
  return say(`${countOf(moved.names)} moved to ${to}.`);
}

/** Asks the person at the terminal; whoever is none has to say `--yes`. */
async function isSure(question: string, { yes }: EditOptions): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new Error('Nobody is there to ask: say --yes.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

function countOf(items: readonly unknown[]): string {
  return items.length === 1 ? '1 image' : `${items.length} images`;
}
