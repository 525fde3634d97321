/**
 * Tells the primary how this site is and which images are whole here: soon after something changed,
 * and every two seconds. What was not told yet is read from the store each time, so an arrival is
 * told also after this process was killed, or while the primary was away.
 */
import type { Clock } from '../src/clock.ts';
import { Bell } from '../src/geo/bell.ts';
import type { OwnStatus } from '../src/geo/status/status.ts';
import type { Log } from '../src/log.ts';
import type { Place } from '../src/oci/place.ts';
import type { ChangeLog } from '../src/storage/change-log.ts';
import type { Arrivals } from '../src/storage/geo/arrivals.ts';
import type { PrimarySite } from '../src/storage/geo/primary-site.ts';
import type { Sites } from '../src/storage/sites.ts';

export interface ReportOptions {
  readonly primarySite: Pick<PrimarySite, 'report'>;
  readonly arrivals: Pick<Arrivals, 'listUntold' | 'recordTold' | 'watch'>;
  readonly changeLog: Pick<ChangeLog, 'watch'>;
  readonly status: OwnStatus;
  readonly sites: Pick<Sites, 'findSite'>;
  /** Name of this site. */
  readonly site: string;
  /** Where its settings say that it is. */
  readonly publicUrl?: string;
  readonly place?: Place;
  readonly clock: Clock;
  readonly log: Log;
}

const INTERVAL_MS = 2000;

/** So long is waited for more of the same, so that a rush is told in few reports. */
const GATHER_MS = 25;

/** Fits into a small body, however long the names are. */
const MAX_ARRIVALS = 100;

/** Reports until the signal aborts. Never throws. */
export async function report(options: ReportOptions, signal: AbortSignal): Promise<void> {
  const { arrivals, changeLog, clock, log } = options;
  const bell = new Bell(clock);
  const stops = [arrivals, changeLog].map((store) => store.watch(() => bell.ring()));
  let failures = 0;
  while (!signal.aborted) {
    try {
      const isMore = await reportOnce(options, signal);
      failures = 0;
      if (isMore) continue;
      const isRung = await bell.wait(INTERVAL_MS, signal);
      if (isRung) await clock.sleep(GATHER_MS, signal).catch(() => undefined);
    } catch (error) {
      failures += 1;
      if (failures === 1 && !signal.aborted)
        log.warn({ err: error }, 'the primary was told nothing');
      await clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
    }
  }
  for (const stop of stops) stop();
}

/** @returns whether there is more to tell. */
async function reportOnce(options: ReportOptions, signal: AbortSignal): Promise<boolean> {
  const { arrivals, primarySite, status, site } = options;
  const untold = await arrivals.listUntold(MAX_ARRIVALS);
  // Read later than the arrivals: who sees one of them sees a position that is not before it.
  const figures = await status.read();
  const where = await findMove(options);
  const moved = where ? { where } : {};
  await primarySite.report({ site, figures, arrivals: untold, ...moved }, signal);
  if (untold.length > 0) await arrivals.recordTold(untold);
  return untold.length === MAX_ARRIVALS;
}

/** Where the settings say that this site is, unless all sites know so; a guess is never told. */
async function findMove({ sites, site, publicUrl, place }: ReportOptions) {
  const known = await sites.findSite(site);
  if (!known) return undefined;
  const isThere = publicUrl === undefined || publicUrl === known.url;
  const stands = place === undefined || isSamePlace(place, known.place);
  if (isThere && stands) return undefined;
  return { ...(publicUrl ? { url: publicUrl } : {}), ...(place ? { place } : {}) };
}

function isSamePlace(one: Place, other: Place | undefined): boolean {
  return one.latitude === other?.latitude && one.longitude === other.longitude;
}
