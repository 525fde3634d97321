/**
 * Manifest reads by tag and by digest, 64 connections, in turns so that both meet the same machine.
 */
import { median, requestRate } from './load.ts';
import type { Stand } from './stand.ts';
import { type Row, ratioRow } from './table.ts';

const ROUNDS = 3;
const LOAD = { connections: 64, seconds: 4 };
const REPOSITORY = 'bench/manifests';

export async function benchManifests(ours: Stand, peer: Stand): Promise<Row[]> {
  const rows: Row[] = [];
  for (const by of ['tag', 'digest'] as const) {
    const targets = [await target(ours, by), await target(peer, by)] as const;
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, { url, headers }] of targets.entries()) {
        rates[index as 0 | 1].push(await requestRate(url, { ...LOAD, headers }));
      }
    }
    const [mine, theirs] = [median(rates[0]), median(rates[1])];
    rows.push(ratioRow(`manifest by ${by}`, { ours: mine, peer: theirs, unit: 'req/s' }, 8));
  }
  return rows;
}

async function target(
  stand: Stand,
  by: 'tag' | 'digest',
): Promise<{ url: string; headers: Record<string, string> }> {
  const { manifest } = await stand.repository(REPOSITORY).pushImage('latest');
  const reference = by === 'tag' ? 'latest' : manifest.digest;
  return {
    url: `${stand.server.url}/v2/${REPOSITORY}/manifests/${reference}`,
    headers: {
      Accept: manifest.mediaType,
      ...(await stand.headers(`repository:${REPOSITORY}:pull`)),
    },
  };
}
