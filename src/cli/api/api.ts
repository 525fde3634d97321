/** `meridian api`: any operation of the API, for what has no command of its own. */
import { text as readAll } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../../config.ts';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { say } from '../print.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

interface ApiOptions extends ConnectionOptions {
  readonly data?: string;
}

export function addApiCommand(program: Command): void {
  const command = program
    .command('api <method> <path>')
    .description('Call an operation of the API, such as: meridian api GET /api/v1/sites')
    .option('--data <json>', 'the body; - for standard input');
  withConnection(command).action(callApi);
}

async function callApi(word: string, path: string, options: ApiOptions): Promise<void> {
  const method = parseMethod(word);
  if (!path.startsWith('/api/')) throw new ConfigError(['The path begins with /api/.']);
  const text = options.data === '-' ? await readAll(process.stdin) : options.data;
  const answer = await connect(options).send<unknown>(method, path, parseBody(text));
  if (answer !== undefined) say(JSON.stringify(answer, undefined, 2));
}

function parseMethod(word: string): Method {
  const method = METHODS.find((known) => known === word.toUpperCase());
  if (method) return method;
  throw new ConfigError([`Methods are ${METHODS.join(', ')}.`]);
}

function parseBody(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidArgumentError('--data must be JSON.');
  }
}
