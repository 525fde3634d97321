/** What a site of the stand says of itself, and waiting until it says what is wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SiteClient } from '../../../../src/cli/site-client.ts';
import type { SiteFigures } from '../../../../src/storage/geo/site-reports.ts';
import { ADMIN } from '../../../two-sites/site.ts';
import type { GeoSite } from '../stand.ts';

/** What it says now, asked at the site itself. */
export async function readStatus({ url, name }: GeoSite): Promise<SiteFigures> {
  const client = new SiteClient({ url, ...ADMIN });
  return client.send<SiteFigures>('GET', `/api/v1/sites/${name}/status`);
}

interface Patience {
  readonly limitMs: number;
  readonly pollMs?: number;
}

/** Waits until it is so, by the site's own word. @throws Error with its last word otherwise. */
export async function untilStatus(
  site: GeoSite,
  isSo: (figures: SiteFigures) => boolean,
  { limitMs, pollMs = 50 }: Patience,
): Promise<SiteFigures> {
  let last: unknown;
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(pollMs)) {
    const figures = await readStatus(site).catch((error: unknown) => {
      last = String(error);
      return undefined;
    });
    if (figures && isSo(figures)) return figures;
    last = figures ?? last;
  }
  throw new Error(`${site.name} did not get there: ${JSON.stringify(last)}`);
}

/** Every blob and manifest that the site knows of is proven to be there. */
export function isWhole({ blobs, manifests }: SiteFigures): boolean {
  return blobs.percent === 100 && manifests.percent === 100 && blobs.wanted === 0;
}

/** It hears its primary, and lacks nothing. */
export async function untilCaughtUp(site: GeoSite, limitMs = 30_000): Promise<void> {
  await untilStatus(
    site,
    ({ lagSeconds, blobs }) => lagSeconds !== null && lagSeconds < 3 && blobs.wanted === 0,
    { limitMs },
  );
}
