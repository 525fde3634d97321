/** `meridian virtual entries`, `purge` and `stats`: what is cached, and what that saved. */
import type { Command } from 'commander';
import { printBytes, printPercent } from '../amounts.ts';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { printTable, say } from '../print.ts';
import { pathOf, printJson, REGISTRIES, UPSTREAMS, withJson } from './options.ts';

interface EntryText {
  readonly image: string;
  readonly tag?: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly checkedAt: string;
  readonly pulls: number;
  readonly pulledAt?: string;
}

interface StatisticsText {
  readonly hits: number;
  readonly stale: number;
  readonly misses: number;
  readonly hitRatio: number | null;
  readonly bytesSaved: number;
  readonly callsSaved: number;
  readonly entries: number;
  readonly sizeBytes: number;
  readonly upstreams: readonly UpstreamStateText[];
}

interface UpstreamStateText {
  readonly upstream: string;
  readonly rateLimit?: { readonly limit: number; readonly remaining: number };
  readonly failure?: { readonly sentence: string; readonly at: string };
}

type ListOptions = ConnectionOptions & { readonly json?: boolean };

export function addCacheCommands(virtual: Command): void {
  withJson(
    virtual
      .command('entries <upstream>')
      .description('List what the site has cached of an upstream.')
      .option('--prefix <image>', 'only images whose path begins like this'),
  ).action(listEntries);
  withConnection(
    virtual
      .command('purge <upstream> [entry]')
      .description('Empty the caches of all sites: of an upstream, an image, or image:tag of it.'),
  ).action(purge);
  withJson(
    virtual.command('stats <registry>').description("Tell what the site's cache saved."),
  ).action(showStatistics);
}

async function listEntries(
  upstream: string,
  { json, prefix, ...options }: ListOptions & { readonly prefix?: string },
): Promise<void> {
  const query = prefix === undefined ? '' : `?${new URLSearchParams({ prefix }).toString()}`;
  const path = `${pathOf(UPSTREAMS, upstream)}/entries${query}`;
  const entries = await connect(options).list<EntryText>(path, 'entries');
  if (json) return printJson(entries);
  const rows = entries.map(({ image, tag, digest, sizeBytes, checkedAt, pulls, pulledAt }) => {
    const name = tag === undefined ? `${image}@${digest}` : `${image}:${tag}`;
    return [name, printBytes(sizeBytes), checkedAt, String(pulls), pulledAt ?? 'never'];
  });
  return printTable(['image', 'size', 'checked at', 'pulls', 'pulled at'], rows);
}

async function purge(
  upstream: string,
  entry: string | undefined,
  options: ConnectionOptions,
): Promise<void> {
  const [, image, reference] = /^([^@:]+)(?:[@:](.+))?$/.exec(entry ?? '') ?? [];
  if (entry !== undefined && image === undefined) {
    throw new Error('An entry is an image, image:tag or image@digest.');
  }
  const path = `${pathOf(UPSTREAMS, upstream)}/purge`;
  await connect(options).send('POST', path, { image, reference });
  say(`The caches of all sites hold nothing of ${entry ?? 'it'} from ${upstream} any more.`);
}

async function showStatistics(registry: string, { json, ...options }: ListOptions): Promise<void> {
  const path = `${pathOf(REGISTRIES, registry)}/statistics`;
  const found = await connect(options).send<StatisticsText>('GET', path);
  if (json) return printJson(found);
  const { hits, stale, misses, hitRatio, bytesSaved, callsSaved, entries, sizeBytes } = found;
  const percent = hitRatio === null ? null : Math.round(hitRatio * 1000) / 10;
  return printTable(
    ['virtual registry', registry],
    [
      ['answered from the cache', `${hits + stale} of ${hits + stale + misses}`],
      ['hit ratio', printPercent(percent)],
      ['saved', `${printBytes(bytesSaved)}, ${callsSaved} questions to upstreams`],
      ['cached', `${entries} images, ${printBytes(sizeBytes)}`],
      ...found.upstreams.map((one) => [one.upstream, printState(one)]),
    ],
  );
}

function printState({ rateLimit, failure }: UpstreamStateText): string {
  const parts = [
    rateLimit ? `${rateLimit.remaining} of ${rateLimit.limit} pulls left` : '',
    failure ? `failed at ${failure.at}: ${failure.sentence}` : '',
  ];
  return parts.filter(Boolean).join('; ') || 'well';
}
