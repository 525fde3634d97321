/** Lets the change log forget what nobody will ask for any more. */
import type { Clock } from '../src/clock.ts';
import type { ChangeLog } from '../src/storage/change-log.ts';
import type { SiteReports } from '../src/storage/geo/site-reports.ts';
import type { Sites } from '../src/storage/sites.ts';

export interface TrimOptions {
  readonly changeLog: Pick<ChangeLog, 'head' | 'positionAt' | 'trim'>;
  readonly sites: Pick<Sites, 'getRole' | 'listSites'>;
  readonly siteReports: Pick<SiteReports, 'list'>;
  /** Name of this site. */
  readonly site: string;
  /** How long a change is kept for a site that is away. */
  readonly logRetentionMs: number;
  readonly clock: Clock;
}

/** So much is kept always: a snapshot that is under way goes on from there. */
const LEAST_MS = 60 * 60 * 1000;

/**
 * Forgets what is older than is to be kept, and at the primary also what every site has passed. A
 * site that is further behind begins by a snapshot.
 *
 * @returns how many changes were forgotten
 */
export async function trimLog(options: TrimOptions): Promise<number> {
  const { changeLog, sites, clock, logRetentionMs } = options;
  const now = clock.now().getTime();
  const old = await changeLog.positionAt(new Date(now - Math.max(LEAST_MS, logRetentionMs)));
  const { role } = await sites.getRole();
  if (role !== 'primary') return changeLog.trim(old);
  const mayGo = await changeLog.positionAt(new Date(now - LEAST_MS));
  return changeLog.trim(Math.max(old, Math.min(mayGo, await findPassed(options))));
}

/** The position that every other site has applied, as far as they said. */
async function findPassed({ changeLog, sites, siteReports, site }: TrimOptions): Promise<number> {
  const others = (await sites.listSites()).filter(({ name }) => name !== site);
  const reports = new Map((await siteReports.list()).map((report) => [report.site, report]));
  const applied = others.map(({ name }) => reports.get(name)?.figures.appliedPosition ?? 0);
  return Math.min(await changeLog.head(), ...applied);
}
