/** `meridian wait IMAGE`: until an image is whole at the sites, to gate a deployment on. */
import { type Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../config.ts';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { keepAnswer, say } from './print.ts';

interface WaitOptions extends ConnectionOptions {
  readonly sites?: string;
  readonly timeout: string;
}

export function addWaitCommand(program: Command): void {
  withConnection(
    program
      .command('wait <image>')
      .description(`Wait until an image is whole at the sites; ends with ${EXIT.no} where not.`)
      .option('--sites <names>', 'these sites, with commas; all that copy it by default')
      .option('--timeout <time>', 'how long, such as 30s or 5m', parseTime, '60s'),
  ).action(waitForImage);
}

function parseTime(text: string): string {
  if (/^[0-9]{1,6}[sm]$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a time such as 30s or 5m.');
}

async function waitForImage(image: string, options: WaitOptions): Promise<void> {
  const { sites, timeout, ...connection } = options;
  const query = new URLSearchParams({ timeout, ...(sites ? { sites } : {}) });
  const path = `${pathOf(image)}/wait?${query.toString()}`;
  const isWhole = await connect(connection).isInTime(path);
  keepAnswer({ image, isWhole });
  const where = sites ?? 'all sites';
  if (isWhole) return say(`${image} is whole at ${where}.`);
  say(`${image} was not whole at ${where} within ${timeout}.`);
  process.exitCode = EXIT.no;
}

/** @param image `name:tag` or `name@digest`, without a host */
function pathOf(image: string): string {
  const [, name, reference] = /^([^@:]+)(?:@|:)(.+)$/.exec(image) ?? [];
  if (name && reference) return `/api/v1/repositories/${name}/manifests/${reference}`;
  throw new ConfigError([`${image} is no image: give name:tag or name@digest, without a host.`]);
}
