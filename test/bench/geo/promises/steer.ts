/** What is done to a site of the stand to see how it bears it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { send } from '../../../two-sites/client.ts';
import { readStatus } from '../sites/status.ts';
import type { GeoSite, GeoStand } from '../stand.ts';

/** The site copies no blobs, and goes on following and answering; or copies them again. */
export async function setPaused(stand: GeoStand, site: GeoSite, isPaused: boolean): Promise<void> {
  const verb = isPaused ? 'pause' : 'resume';
  const url = `${stand.primary.url}/api/v1/sites/${site.name}/${verb}`;
  const { status } = await send(url, { method: 'POST' });
  if (status !== 204) throw new Error(`${url} was answered with ${status}`);
}

const LEASE = 'replication';

/**
 * The site follows no more and falls behind, as where the process that leads its replication hangs:
 * the lease is another's, who does nothing with it. Resolves when that has begun.
 * @returns what lets it follow again
 */
export async function hangLeader(site: GeoSite): Promise<() => Promise<void>> {
  await query(
    site,
    `UPDATE leases SET holder = 'hangs', until = clock_timestamp() + interval '1 day'
     WHERE name = $1`,
    [LEASE],
  );
  // It renews its lease every four seconds, and learns then that it has none.
  while (((await readStatus(site)).lagSeconds ?? 0) < 2) await sleep(100);
  return () => query(site, 'DELETE FROM leases WHERE name = $1', [LEASE]);
}

async function query(site: GeoSite, text: string, values: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: site.databaseUrl });
  await client.connect();
  try {
    await client.query(text, [...values]);
  } finally {
    await client.end();
  }
}
