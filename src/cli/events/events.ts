/** `meridian events`: what external registries tell of their images. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { printTable, say } from '../print.ts';
import { withQuery } from '../tree/options.ts';
import { parseCount, printJson, withJson } from '../virtual/options.ts';

interface ExternalText {
  readonly id: number;
  readonly source: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest: string;
  readonly actor: string;
  readonly pushedAt: string;
  readonly state: string;
  readonly copiedAs?: string;
  readonly attempts: number;
  readonly nextTryAt?: string;
  readonly message?: string;
}

interface ListOptions extends ConnectionOptions {
  readonly state?: string;
  readonly most: number;
  readonly json?: boolean;
}

const TOKEN = '/api/v1/registry_events/token';
const IMAGES = '/api/v1/external_images';
const STATES = ['recorded', 'waiting', 'copied', 'failed', 'superseded'];

export function addEventCommands(program: Command): void {
  const events = program.command('events').description('What external registries tell us.');
  withJson(
    events
      .command('token')
      .description('Print the token by which external registries tell of their images.')
      .option('--reset', 'make another one; the one before holds no more'),
  ).action(printToken);
  withJson(
    events
      .command('images')
      .description('List the images that were told, and how far they are copied here.')
      .addOption(new Option('--state <state>', 'only these').choices(STATES))
      .option('--most <count>', 'how many at most', parseCount, 100),
  ).action(listImages);
  withConnection(
    events
      .command('retry [id]')
      .description('Copy an image again that was given up, or each of them.'),
  ).action(retry);
}

async function printToken({
  reset,
  json,
  ...options
}: ConnectionOptions & { readonly reset?: true; readonly json?: boolean }): Promise<void> {
  const answer = await connect(options).send<{ token: string }>(reset ? 'POST' : 'GET', TOKEN);
  return json ? printJson(answer) : say(answer.token);
}

async function listImages({ state, most, json, ...options }: ListOptions): Promise<void> {
  const path = withQuery(IMAGES, { state, n: String(Math.min(Math.max(most, 1), 1000)) });
  const images = await connect(options).list<ExternalText>(path, 'images', most);
  if (json) return printJson(images);
  const rows = images.map((image) => {
    const { id, source, repository, tag, digest, actor, pushedAt, state: how } = image;
    const what = `${source}/${repository}${tag === undefined ? '' : `:${tag}`}\n${digest}`;
    return [String(id), what, `${pushedAt}\n${actor}`, how, printOutcome(image)];
  });
  return printTable(['', 'image', 'pushed', 'state', 'copied to'], rows);
}

function printOutcome({ copiedAs = '', message = '', nextTryAt }: ExternalText): string {
  const again = nextTryAt === undefined ? '' : `again at ${nextTryAt}`;
  return [copiedAs, message, again].filter(Boolean).join('\n');
}

async function retry(id: string | undefined, options: ConnectionOptions): Promise<void> {
  const body = id === undefined ? {} : { id: parseId(id) };
  const { count } = await connect(options).send<{ count: number }>('POST', `${IMAGES}/retry`, body);
  say(`${count} ${count === 1 ? 'image is' : 'images are'} copied again.`);
}

function parseId(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number that meridian events images shows.');
}
