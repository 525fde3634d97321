/** `meridian virtual upstream`: where virtual registries have their images from. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { collectPattern } from '../grants.ts';
import { printTable, say } from '../print.ts';
import {
  collectWord,
  parseCount,
  pathOf,
  printJson,
  REGISTRIES,
  UPSTREAMS,
  withJson,
} from './options.ts';

interface UpstreamText {
  readonly name: string;
  readonly kind: 'remote' | 'local';
  readonly url?: string;
  readonly prefix?: string;
  readonly username?: string;
  readonly validityHours: number;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly exclusive: readonly string[];
}

interface ChangeOptions extends ConnectionOptions {
  readonly address?: string;
  readonly local?: string;
  /** `false` takes the credentials away. */
  readonly login?: string | false;
  readonly loginPassword?: string;
  readonly validity?: number;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly exclusive?: readonly string[];
  readonly realmHost?: readonly string[];
  readonly library?: boolean;
  readonly namespace?: string;
  readonly whenGone?: string;
  readonly viaPrimary?: string;
  readonly connections?: number;
  readonly description?: string;
  /** `false` lets nothing be copied. */
  readonly copyTo?: string | false;
}

type ListOptions = ConnectionOptions & { readonly json?: boolean };

export function addUpstreamCommands(virtual: Command): void {
  const upstream = virtual.command('upstream').description('Where images come from.');
  withChange(
    upstream.command('add <name> [address]').description('Add a registry by its URL.'),
  ).action((name: string, address: string | undefined, options: ChangeOptions) =>
    changeUpstream(name, { ...options, ...(address ? { address } : {}) }),
  );
  withChange(
    upstream
      .command('set <name>')
      .description('Change what is named of one.')
      .option('--address <url>', 'where it is now'),
  ).action(setUpstream);
  withJson(upstream.command('list').description('List them.')).action(listUpstreams);
  withConnection(
    upstream
      .command('order <registry> <upstreams...>')
      .description('Settle which upstreams a virtual registry asks, the first one first.'),
  ).action(orderUpstreams);
  withConnection(
    upstream.command('test <name>').description('Tell whether the site reaches it.'),
  ).action(testUpstream);
  withConnection(
    upstream.command('remove <name>').description('Remove one, with all that is cached of it.'),
  ).action(removeUpstream);
}

function withChange(command: Command): Command {
  return withConnection(
    command
      .option('--local <prefix>', 'repositories of this registry instead of a URL')
      .option('--login <name>', 'as whom to log in there')
      .option('--no-login', 'log in there no more')
      .option('--login-password <text>', 'with which password; it is never shown again')
      .option('--validity <hours>', 'how long a tag is not asked for again; 0: ever', parseCount)
      .option('--allow <pattern>', 'only these images; several times', collectPattern)
      .option('--deny <pattern>', 'not these images; several times', collectPattern)
      .option('--exclusive <pattern>', 'nobody else answers for these images', collectPattern)
      .option('--realm-host <host>', 'may be shown the password as well', collectWord)
      .option('--library', 'ask for library/alpine where alpine is meant, as at Docker Hub')
      .option('--no-library', 'ask for what is meant')
      .option('--namespace <host>', 'what clients call it in ?ns=, such as docker.io')
      .option('--when-gone <what>', 'forget or keep what it has no more')
      .option('--via-primary <when>', 'first, when-limited or never: how a secondary asks')
      .option('--connections <count>', 'the most at once', parseCount)
      .option('--copy-to <path>', 'copy images here of whose pushes it tells by events')
      .option('--no-copy-to', 'copy none')
      .option('--description <text>', 'what it is'),
  );
}

function bodyOf({ login, library, realmHost, validity, connections, ...options }: ChangeOptions) {
  const { address, local, loginPassword, copyTo, ...rest } = options;
  const { url: _, user: _user, password: _password, ...common } = rest;
  const credentials =
    login === false
      ? { username: null, password: null }
      : { username: login, password: loginPassword };
  return {
    ...common,
    ...credentials,
    url: address,
    prefix: local,
    realmHosts: realmHost,
    rewritesLibrary: library,
    validityHours: validity,
    maxConcurrency: connections,
    copyTo: copyTo === false ? null : copyTo,
  };
}

async function changeUpstream(name: string, options: ChangeOptions): Promise<void> {
  await connect(options).send('PUT', pathOf(UPSTREAMS, name), bodyOf(options));
  say(`The upstream ${name} is there; meridian virtual upstream test ${name} tries it.`);
}

async function setUpstream(name: string, options: ChangeOptions): Promise<void> {
  const client = connect(options);
  await client.send('GET', pathOf(UPSTREAMS, name));
  await client.send('PUT', pathOf(UPSTREAMS, name), bodyOf(options));
  say(`The upstream ${name} is changed.`);
}

async function listUpstreams({ json, ...options }: ListOptions): Promise<void> {
  const upstreams = await connect(options).list<UpstreamText>(UPSTREAMS, 'upstreams');
  if (json) return printJson(upstreams);
  const rows = upstreams.map((one) => {
    const { name, url, prefix, username, validityHours } = one;
    const valid = validityHours === 0 ? 'for ever' : `${validityHours} h`;
    return [name, url ?? `${prefix}/… here`, username ?? 'nobody', valid, printRules(one)];
  });
  return printTable(['upstream', 'is at', 'log in as', 'tags valid', 'images'], rows);
}

function printRules({ allow, deny, exclusive }: UpstreamText): string {
  const rules = [
    allow.join(' ') || 'all',
    deny.length > 0 ? `not ${deny.join(' ')}` : '',
    exclusive.length > 0 ? `alone for ${exclusive.join(' ')}` : '',
  ];
  return rules.filter(Boolean).join('; ');
}

async function orderUpstreams(
  registry: string,
  upstreams: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  const client = connect(options);
  await client.send('GET', pathOf(REGISTRIES, registry));
  await client.send('PUT', pathOf(REGISTRIES, registry), { upstreams });
  say(`${registry} asks ${upstreams.join(', then ')}.`);
}

async function testUpstream(name: string, options: ConnectionOptions): Promise<void> {
  const path = `${pathOf(UPSTREAMS, name)}/test`;
  const client = connect(options);
  const { isWell, sentence } = await client.send<{ isWell: boolean; sentence: string }>(
    'POST',
    path,
  );
  if (!isWell) throw new Error(`${name}: ${sentence}`);
  say(`${name} is well: ${sentence}`);
}

async function removeUpstream(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', pathOf(UPSTREAMS, name));
  say(`The upstream ${name} is gone, with all that was cached of it.`);
}
