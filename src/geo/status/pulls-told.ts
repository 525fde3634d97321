/** Whether this site, the primary, knows of all pulls at the others: what retention waits for. */
import type { Clock } from '../../clock.ts';
import type { SiteReport, SiteReports } from '../../storage/geo/site-reports.ts';
import type { Sites } from '../../storage/sites.ts';

interface Dependencies {
  readonly sites: Pick<Sites, 'listSites'>;
  readonly siteReports: Pick<SiteReports, 'list'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** A site tells of its pulls every two seconds. One that is this late has some to tell. */
const LATE_MS = 60_000;

export class PullsTold {
  readonly #sites: Dependencies['sites'];
  readonly #siteReports: Dependencies['siteReports'];
  readonly #clock: Dependencies['clock'];
  readonly #own: string;

  constructor({ sites, siteReports, clock }: Dependencies, own: string) {
    this.#sites = sites;
    this.#siteReports = siteReports;
    this.#clock = clock;
    this.#own = own;
  }

  /**
   * The moment, and names of the sites that may have pulls of more than a minute ago that are not
   * known here. One that is gone for good is among them until it is removed from the cluster.
   */
  async read(): Promise<{ readonly at: Date; readonly lateSites: string[] }> {
    const [sites, reports] = await Promise.all([this.#sites.listSites(), this.#siteReports.list()]);
    const heard = new Map(reports.map((report) => [report.site, report]));
    const at = this.#clock.now();
    const lateSites = sites
      .map(({ name }) => name)
      .filter((name) => name !== this.#own && isLate(heard.get(name), at));
    return { at, lateSites };
  }
}

function isLate(report: SiteReport | undefined, at: Date): boolean {
  if (report?.figures.pullsToldSecondsAgo === undefined) return true;
  const heardMs = at.getTime() - report.heardAt.getTime();
  return heardMs + report.figures.pullsToldSecondsAgo * 1000 > LATE_MS;
}
