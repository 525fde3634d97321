/** `meridian tree`: groups and projects, and how much a part of the tree holds. */
import type { Command } from 'commander';
import { printBytes } from '../amounts.ts';
import { connect } from '../connection.ts';
import { printTable } from '../print.ts';
import { printJson, withJson } from '../virtual/options.ts';
import { addTreeEdits } from './edits.ts';
import { type FindOptions, withFilters, withQuery } from './options.ts';

interface AmountsText {
  readonly repositories: number;
  readonly manifests: number;
  readonly blobs: number;
  readonly sizeBytes: number;
}

interface SizeText extends AmountsText {
  readonly tree: string;
  readonly own?: AmountsText;
}

export function addTreeCommands(program: Command): void {
  const tree = program.command('tree').description('Groups, and the projects in them.');
  withFilters(
    tree.command('list [group]').description('List the groups, or the projects of one.'),
  ).action(listLevel);
  withJson(
    tree
      .command('size <path>')
      .description('Tell how much an image, a project or a group holds, each content once.'),
  ).action(printSize);
  addTreeEdits(tree);
}

async function listLevel(
  group: string | undefined,
  { prefix, search, json, ...options }: FindOptions,
): Promise<void> {
  const noun = group === undefined ? 'groups' : 'projects';
  const path = withQuery(`/api/v1/${noun}`, { group, prefix, search });
  const found = await connect(options).list<{ readonly name: string }>(path, noun);
  if (json) return printJson(found);
  const head = group === undefined ? 'group' : 'project';
  return printTable(
    [head],
    found.map(({ name }) => [name]),
  );
}

async function printSize(path: string, { json, ...options }: FindOptions): Promise<void> {
  const url = withQuery('/api/v1/sizes', { tree: path });
  const size = await connect(options).send<SizeText>('GET', url);
  if (json) return printJson(size);
  const rows = [toRow(`${path} and all below it`, size)];
  if (size.own) rows.unshift(toRow(path, size.own));
  return printTable(['', 'images', 'manifests', 'blobs', 'size'], rows);
}

function toRow(name: string, { repositories, manifests, blobs, sizeBytes }: AmountsText): string[] {
  return [name, String(repositories), String(manifests), String(blobs), printBytes(sizeBytes)];
}
