/**
 * At which sites an image is whole, as the primary knows it, and waiting for it.
 *
 * *Complete* is never said too early: it was told by the site that hashed every byte, and a waiter
 * also wants the site to have applied all that the log held when the wait began, so that a tag that
 * was moved before is moved there too.
 */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import { EVERYTHING, matchesPath } from '../../oci/path-pattern.ts';
import { printReference, type Reference, type RepositoryName } from '../../oci/reference.ts';
import type { ChangeLog } from '../../storage/change-log.ts';
import type { Arrivals } from '../../storage/geo/arrivals.ts';
import type { Replicas } from '../../storage/geo/replicas.ts';
import type { SiteReport, SiteReports } from '../../storage/geo/site-reports.ts';
import type { Metadata } from '../../storage/metadata.ts';
import type { Site, Sites } from '../../storage/sites.ts';
import { Bell } from '../bell.ts';

/** What is asked of the stores; a class over them all would have too many. */
export interface ImageStores {
  readonly metadata: Pick<Metadata, 'findManifest' | 'findTag'>;
  readonly arrivals: Pick<Arrivals, 'listSites' | 'watch'>;
  readonly replicas: Pick<Replicas, 'listLacking'>;
  readonly siteReports: Pick<SiteReports, 'list' | 'watch'>;
  readonly sites: Pick<Sites, 'listSites'>;
  readonly changeLog: Pick<ChangeLog, 'head'>;
}

/**
 * - `complete`: every byte of it, and of all that it names, was hashed there
 * - `known`: the site has heard of it, and something of it is not there yet
 * - `unknown`: the site has not said that it heard of it
 */
export type ImageState = 'complete' | 'known' | 'unknown';

export interface ImageAtSite {
  readonly site: string;
  readonly state: ImageState;
  /** ISO 8601, by that site's clock; null where it is not complete, or was pushed. */
  readonly arrivedAt: string | null;
  /**
   * Whether the site copies it: `paused` copies nothing now, and `not-selected` brings of it only
   * what clients there ask for.
   */
  readonly copying: 'yes' | 'paused' | 'not-selected';
  /** Null where only the site itself could say it. */
  readonly lacking: { readonly objects: number; readonly bytes: number } | null;
}

export interface ImageStatus {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sites: readonly ImageAtSite[];
}

export interface ImageWait {
  /** Where absent, all that copy the repository: a site that is paused is one of them. */
  readonly sites?: readonly string[];
  readonly timeoutMs: number;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** Looks again so often, should a call to look have been lost. */
const LOOK_AGAIN_MS = 1000;

export class ImageSites {
  readonly #stores: ImageStores;
  readonly #clock: Clock;
  readonly #own: string;

  /** @param own name of this site, the primary */
  constructor(stores: ImageStores, clock: Clock, own: string) {
    this.#stores = stores;
    this.#clock = clock;
    this.#own = own;
  }

  /** @throws RegistryError MANIFEST_UNKNOWN */
  async find(repository: RepositoryName, reference: Reference): Promise<ImageStatus> {
    const { digest } = await this.#resolve(repository, reference);
    return this.#read(repository, digest);
  }

  /**
   * Resolves when the image is complete at the sites, the time is over, or the signal aborts: then
   * nothing is said of any site.
   * @throws RegistryError MANIFEST_UNKNOWN; NAME_UNKNOWN for a site that there is not
   */
  async wait(
    repository: RepositoryName,
    reference: Reference,
    { sites, timeoutMs, signal }: ImageWait,
  ): Promise<ImageStatus & { readonly isComplete: boolean }> {
    const { digest } = await this.#resolve(repository, reference);
    const names = await this.#chooseSites(repository, sites);
    const head = await this.#stores.changeLog.head();
    const deadlineMs = this.#clock.elapsedMs() + timeoutMs;
    const bell = new Bell(this.#clock);
    const stops = [this.#stores.arrivals, this.#stores.siteReports].map((store) =>
      store.watch(() => bell.ring()),
    );
    try {
      while (!signal.aborted) {
        const isComplete = await this.#isComplete(repository, digest, { names, head });
        const leftMs = deadlineMs - this.#clock.elapsedMs();
        if (isComplete || leftMs <= 0) {
          const status = await this.#read(repository, digest);
          const wanted = status.sites.filter(({ site }) => names.includes(site));
          return { isComplete, ...status, sites: wanted };
        }
        await bell.wait(Math.min(leftMs, LOOK_AGAIN_MS), signal);
      }
      return { isComplete: false, repository, digest, sites: [] };
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** A tag stands for what it points to now: a wait does not follow it. */
  async #resolve(repository: RepositoryName, reference: Reference): Promise<{ digest: Digest }> {
    const { metadata } = this.#stores;
    const digest =
      reference.kind === 'digest'
        ? reference.digest
        : await metadata.findTag(repository, reference.tag);
    const found = digest && (await metadata.findManifest(repository, digest));
    if (found) return found;
    const message = `there is no manifest ${printReference(reference)} in ${repository}`;
    throw new RegistryError('MANIFEST_UNKNOWN', { message });
  }

  async #chooseSites(
    repository: RepositoryName,
    wanted: readonly string[] | undefined,
  ): Promise<readonly string[]> {
    const { sites, siteReports } = this.#stores;
    const names = (await sites.listSites()).map(({ name }) => name);
    const stranger = wanted?.find((name) => !names.includes(name));
    if (stranger === undefined) {
      if (wanted) return wanted;
      const reports = await siteReports.list();
      return names.filter((name) => copies(repository, findReport(reports, name)));
    }
    throw new RegistryError('NAME_UNKNOWN', { message: `there is no site ${stranger}` });
  }

  async #isComplete(
    repository: RepositoryName,
    digest: Digest,
    { names, head }: { readonly names: readonly string[]; readonly head: number },
  ): Promise<boolean> {
    const [arrivals, reports] = await Promise.all([
      this.#stores.arrivals.listSites(repository, digest),
      this.#stores.siteReports.list(),
    ]);
    const caughtUp = reports.filter(({ figures }) => figures.appliedPosition >= head);
    return names.every(
      (name) =>
        name === this.#own ||
        (arrivals.some(({ site }) => site === name) && caughtUp.some(({ site }) => site === name)),
    );
  }

  async #read(repository: RepositoryName, digest: Digest): Promise<ImageStatus> {
    const { arrivals, siteReports, sites, changeLog, replicas } = this.#stores;
    const [arrived, reports, all, head, lacks] = await Promise.all([
      arrivals.listSites(repository, digest),
      siteReports.list(),
      sites.listSites(),
      changeLog.head(),
      replicas.listLacking(repository, digest),
    ]);
    const arrivedAt = new Map(arrived.map(({ site, at }) => [site, at.toISOString()]));
    const applied = new Map(reports.map(({ site, figures }) => [site, figures.appliedPosition]));
    const describe = ({ name, isPaused }: Site): ImageAtSite => {
      const at = arrivedAt.get(name) ?? null;
      if (name === this.#own) return { ...complete(name, null), lacking: sum(lacks ?? []) };
      const selected = copies(repository, findReport(reports, name));
      const copying = !selected ? 'not-selected' : isPaused ? 'paused' : 'yes';
      if (at !== null) return { ...complete(name, at), copying };
      const state = (applied.get(name) ?? -1) >= head ? 'known' : 'unknown';
      return { site: name, state, arrivedAt: null, copying, lacking: null };
    };
    return { repository, digest, sites: all.map(describe) };
  }
}

function complete(site: string, arrivedAt: string | null): ImageAtSite {
  const lacking = { objects: 0, bytes: 0 };
  return { site, state: 'complete', arrivedAt, copying: 'yes', lacking };
}

/** By what it said last; one that said nothing yet is waited for. */
function copies(repository: RepositoryName, report: SiteReport | undefined): boolean {
  // What an older program said of itself has no selection.
  const sync = report?.figures.sync ?? [EVERYTHING];
  return sync.some((pattern) => matchesPath(pattern, repository));
}

function findReport(reports: readonly SiteReport[], site: string): SiteReport | undefined {
  return reports.find((report) => report.site === site);
}

function sum(lacks: readonly { readonly sizeBytes: number }[]) {
  const bytes = lacks.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return { objects: lacks.length, bytes };
}
