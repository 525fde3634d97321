/** `meridian wait IMAGE`: until an image is whole at the sites, to gate a deployment on. */
import { type Command, InvalidArgumentError } from 'commander';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { imagePath } from './look/image.ts';
import { keepAnswer, say } from './print.ts';
import { type Share, showWhile } from './progress.ts';
import type { SiteClient } from './site-client.ts';

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
  const path = `${imagePath(image)}/wait?${query.toString()}`;
  const client = connect(connection);
  const isWhole = await showWhile(() => client.isInTime(path), {
    what: 'sites that have it whole',
    read: () => readSites(client, image),
  });
  keepAnswer({ image, isWhole });
  const where = sites ?? 'all sites';
  if (isWhole) return say(`${image} is whole at ${where}.`);
  say(`${image} was not whole at ${where} within ${timeout}.`);
  process.exitCode = EXIT.no;
}

interface SitesText {
  readonly sites: readonly {
    readonly state: string;
    readonly copying: string;
  }[];
}

/** At how many of the sites that copy it the image is whole. */
async function readSites(client: SiteClient, image: string): Promise<Share> {
  const { sites } = await client.send<SitesText>('GET', `${imagePath(image)}/sites`);
  const copying = sites.filter((site) => site.copying === 'yes');
  const done = copying.filter(({ state }) => state === 'complete').length;
  return { done, total: copying.length };
}
