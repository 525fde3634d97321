/** `meridian protection`: tags that stay as they are, or that only some may change. */
import type { Command } from 'commander';
import { connect } from '../connection.ts';
import { printTable, say } from '../print.ts';
import { collectWord } from '../virtual/options.ts';
import { listed, type PlaceOptions, placeOf, printPath, withList, withPlace } from './options.ts';

interface ProtectionText {
  readonly name: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly immutable: boolean;
  readonly accounts?: readonly string[];
  readonly groups?: readonly string[];
}

interface SetOptions extends PlaceOptions {
  readonly tag: readonly string[];
  readonly immutable?: true;
  readonly account?: readonly string[];
  readonly group?: readonly string[];
}

const PLURAL = 'protections';

export function addProtectionCommands(program: Command): void {
  const protection = program
    .command('protection')
    .description('Tags that stay as they are, or that only some may change.');
  withPlace(
    protection
      .command('set <name>')
      .description('Protect tags, or change how they are.')
      .requiredOption('--tag <pattern>', 'such as v* or latest; several times', collectWord)
      .option('--immutable', 'created once, then neither moved nor deleted, by nobody')
      .option('--account <name>', 'who alone may change them; several times', collectWord)
      .option('--group <name>', 'its members may, too; several times', collectWord),
  ).action(setProtection);
  withList(protection.command('list').description('List them.')).action(listProtections);
  withPlace(protection.command('remove <name>').description('Protect these tags no more.')).action(
    removeProtection,
  );
}

async function setProtection(name: string, options: SetOptions): Promise<void> {
  const { path, tag: tags, immutable = false, account, group } = options;
  const allowed = immutable ? {} : { accounts: account ?? [], groups: group ?? [] };
  const body = { tags, immutable, ...allowed };
  await connect(options).send('PUT', placeOf(PLURAL, name, path), body);
  const how = immutable ? 'immutable' : 'protected';
  say(`Tags like ${tags.join(' ')} of ${printPath(path ?? '')} are ${how}.`);
}

async function listProtections({ path, ...options }: PlaceOptions): Promise<void> {
  const all = await connect(options).list<ProtectionText>(listed(PLURAL, path), PLURAL);
  const rows = all.map(({ name, path: where, tags, immutable, accounts = [], groups = [] }) => {
    const who = [...accounts, ...groups.map((group) => `members of ${group}`)];
    const changedBy = immutable ? 'nobody: immutable' : who.join(', ') || 'nobody';
    return [name, printPath(where), tags.join(' '), changedBy];
  });
  return printTable(['protection', 'of', 'tags', 'changed by'], rows);
}

async function removeProtection(name: string, options: PlaceOptions): Promise<void> {
  await connect(options).send('DELETE', placeOf(PLURAL, name, options.path));
  say(`The protection ${name} of ${printPath(options.path ?? '')} is gone.`);
}
