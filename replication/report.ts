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
import type { ImagePulls } from '../src/storage/tree/pulls.ts';

export interface ReportOptions {
  readonly primarySite: Pick<PrimarySite, 'report'>;
  readonly arrivals: Pick<Arrivals, 'listUntold' | 'recordTold' | 'watch'>;
  readonly changeLog: Pick<ChangeLog, 'watch'>;
  readonly imagePulls: Pick<ImagePulls, 'listUntold' | 'recordTold'>;
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

/**
 * As long again for each report that is on its way, where nothing arrived: nobody waits for a
 * change alone, and a line is not given more than it carries.
 */
const LINGER_MS = 25;

/**
 * What arrives now does not wait for the answer to what was told before: not on a line of a quarter
 * of a second, which has brought the first answer by then.
 */
const MOST_UNDER_WAY = 8;

/** Both fit into a small body, however long the names are. */
const MAX_ARRIVALS = 100;
const MAX_PULLS = 40;

/** Reports until the signal aborts. Never throws. */
export async function report(options: ReportOptions, signal: AbortSignal): Promise<void> {
  const { arrivals, changeLog, clock } = options;
  const [bell, arrived] = [new Bell(clock), new Bell(clock)];
  const stops = [
    changeLog.watch(() => bell.ring()),
    arrivals.watch(() => [bell, arrived].forEach((each) => each.ring())),
  ];
  const reports = new Reports(options, signal);
  while (!signal.aborted) {
    const isMore = await reports.begin();
    if (reports.isFailing) await clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
    else if (!isMore && (await bell.wait(INTERVAL_MS, signal))) {
      await arrived.wait(LINGER_MS * reports.underWay, signal);
      await clock.sleep(GATHER_MS, signal).catch(() => undefined);
    }
  }
  for (const stop of stops) stop();
  await reports.end();
}

type Untold = Awaited<ReturnType<Arrivals['listUntold']>>;

/** The reports of one reign; several may be on their way, no arrival in two of them. */
class Reports {
  readonly #options: ReportOptions;
  readonly #signal: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();
  /** Keys of the arrivals that are being told. */
  readonly #telling = new Set<string>();
  #failures = 0;
  /** All pulls that were noted here before were told; undefined until then. */
  #pullsToldMs: number | undefined;

  constructor(options: ReportOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /**
   * Sends what is untold. Resolves when it is on its way, while reports fail only with its outcome.
   * Never throws.
   * @returns whether there is more to tell
   */
  async begin(): Promise<boolean> {
    if (this.isFailing) await this.end();
    else if (this.underWay >= MOST_UNDER_WAY) await Promise.race(this.#underWay);
    try {
      const untold = await this.#takeUntold();
      const sending = this.#send(untold).finally(() => this.#underWay.delete(sending));
      this.#underWay.add(sending);
      if (this.isFailing) await sending;
      return untold.length === MAX_ARRIVALS;
    } catch (error) {
      this.#noteFailure(error);
      return false;
    }
  }

  /** Resolves when nothing is on its way any more. */
  async end(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #takeUntold(): Promise<Untold> {
    const limit = MAX_ARRIVALS + this.#telling.size;
    const untold = (await this.#options.arrivals.listUntold(limit))
      .filter((arrival) => !this.#telling.has(keyOf(arrival)))
      .slice(0, MAX_ARRIVALS);
    for (const arrival of untold) this.#telling.add(keyOf(arrival));
    return untold;
  }

  async #send(untold: Untold): Promise<void> {
    const { arrivals, imagePulls, primarySite, status, site, clock } = this.#options;
    const startedMs = clock.elapsedMs();
    const isAlone = this.underWay === 0;
    try {
      // Read later than the arrivals: who sees one of them sees a position that is not before it.
      const figures = { ...(await status.read()), ...this.#readPullsTold() };
      // Each time that it is told, all sites hear of it: not in two reports at once.
      const where = isAlone ? await findMove(this.#options) : undefined;
      const moved = where ? { where } : {};
      const pulls = isAlone ? await imagePulls.listUntold(MAX_PULLS) : [];
      const news = { arrivals: untold, ...(pulls.length > 0 ? { pulls } : {}), ...moved };
      await primarySite.report({ site, figures, ...news }, this.#signal);
      if (pulls.length > 0) await imagePulls.recordTold(pulls);
      if (isAlone && pulls.length < MAX_PULLS) this.#pullsToldMs = startedMs;
      if (untold.length > 0) await arrivals.recordTold(untold);
      this.#failures = 0;
    } catch (error) {
      this.#noteFailure(error);
    } finally {
      for (const arrival of untold) this.#telling.delete(keyOf(arrival));
    }
  }

  #readPullsTold(): { readonly pullsToldSecondsAgo?: number } {
    if (this.#pullsToldMs === undefined) return {};
    return { pullsToldSecondsAgo: (this.#options.clock.elapsedMs() - this.#pullsToldMs) / 1000 };
  }

  #noteFailure(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1 || this.#signal.aborted) return;
    this.#options.log.warn({ err: error }, 'the primary was told nothing');
  }
}

const keyOf = ({ repository, digest, at }: Untold[number]): string =>
  `${repository}@${digest} ${at.getTime()}`;

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
