/** `meridian virtual registry`: virtual registries and who may use them. */
import type { Command } from 'commander';
import { printBytes } from '../amounts.ts';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { printTable, say } from '../print.ts';
import { collectWord, parseLimit, pathOf, printJson, REGISTRIES, withJson } from './options.ts';

interface RegistryText {
  readonly name: string;
  readonly description: string;
  readonly upstreams: readonly string[];
  readonly hosts: readonly string[];
  readonly isPublic: boolean;
  readonly unusedDays?: number;
  readonly maxBytes?: number;
}

interface ChangeOptions extends ConnectionOptions {
  readonly description?: string;
  readonly upstream?: readonly string[];
  readonly host?: readonly string[];
  readonly public?: boolean;
  readonly unusedDays?: number | null;
  readonly maxBytes?: number | null;
}

type ListOptions = ConnectionOptions & { readonly json?: boolean };

export function addRegistryCommands(virtual: Command): void {
  const registry = virtual
    .command('registry')
    .description('Virtual registries, read as <this site>/virtual_registries/containers/<name>/….');
  withChange(registry.command('add <name>').description('Create one.')).action(addRegistry);
  withChange(registry.command('set <name>').description('Change what is named of one.')).action(
    setRegistry,
  );
  withJson(registry.command('list').description('List them.')).action(listRegistries);
  withJson(registry.command('show <name>').description('Print one.')).action(showRegistry);
  withConnection(
    registry
      .command('purge <name>')
      .description('Empty the caches of all sites of what no other registry lists.'),
  ).action(purgeRegistry);
  withConnection(
    registry.command('remove <name>').description('Remove one; its upstreams stay.'),
  ).action(removeRegistry);
}

function withChange(command: Command): Command {
  return withConnection(
    command
      .option('--upstream <name>', 'in the order in which they are asked', collectWord)
      .option('--host <host>', 'a host under which clients use it as a mirror', collectWord)
      .option('--description <text>', 'what it is for')
      .option('--public', 'nobody needs to log in to read it')
      .option('--no-public', 'reading it needs read_virtual_registry')
      .option('--unused-days <days>', 'what nobody pulled so long goes; or none', parseLimit)
      .option('--max-bytes <bytes>', 'the most that a site caches; or none', parseLimit),
  );
}

function bodyOf(options: ChangeOptions) {
  const { description, upstream: upstreams, host: hosts, unusedDays, maxBytes } = options;
  return { description, upstreams, hosts, isPublic: options.public, unusedDays, maxBytes };
}

async function addRegistry(name: string, options: ChangeOptions): Promise<void> {
  await connect(options).send('PUT', pathOf(REGISTRIES, name), bodyOf(options));
  say(`Clients pull virtual_registries/containers/${name}/<image> now.`);
}

async function setRegistry(name: string, options: ChangeOptions): Promise<void> {
  const client = connect(options);
  await client.send('GET', pathOf(REGISTRIES, name));
  await client.send('PUT', pathOf(REGISTRIES, name), bodyOf(options));
  say(`The virtual registry ${name} is changed.`);
}

async function listRegistries({ json, ...options }: ListOptions): Promise<void> {
  const registries = await connect(options).list<RegistryText>(REGISTRIES, 'registries');
  if (json) return printJson(registries);
  const rows = registries.map(({ name, upstreams, hosts, isPublic }) => {
    return [name, upstreams.join(', '), hosts.join(' '), isPublic ? 'everybody' : 'by right'];
  });
  return printTable(['registry', 'upstreams', 'mirror at', 'read'], rows);
}

async function showRegistry(name: string, { json, ...options }: ListOptions): Promise<void> {
  const one = await connect(options).send<RegistryText>('GET', pathOf(REGISTRIES, name));
  if (json) return printJson(one);
  const { unusedDays, maxBytes } = one;
  return printTable(
    ['registry', one.name],
    [
      ['is for', one.description],
      ['upstreams', one.upstreams.join(', ')],
      ['mirror at', one.hosts.join(' ') || 'no host'],
      ['read', one.isPublic ? 'by everybody' : 'with read_virtual_registry'],
      ['unpulled for', unusedDays === undefined ? 'stays' : `${unusedDays} days goes`],
      ['caches', maxBytes === undefined ? 'without limit' : `at most ${printBytes(maxBytes)}`],
    ],
  );
}

async function purgeRegistry(name: string, options: ConnectionOptions): Promise<void> {
  const path = `${pathOf(REGISTRIES, name)}/purge`;
  const { upstreams } = await connect(options).send<{ upstreams: string[] }>('POST', path);
  say(`Purged: ${upstreams.join(', ') || 'nothing, since other registries list its upstreams'}.`);
}

async function removeRegistry(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', pathOf(REGISTRIES, name));
  say(`The virtual registry ${name} is gone; its upstreams stay.`);
}
