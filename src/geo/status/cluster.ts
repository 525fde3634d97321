/** What is known of every site: this one live, the others as they last reported. */
import type { Clock } from '../../clock.ts';
import type { SiteFigures, SiteReports } from '../../storage/geo/site-reports.ts';
import type { Site, Sites } from '../../storage/sites.ts';
import { SILENCE_SECONDS } from './health.ts';
import type { OwnStatus } from './status.ts';

interface Dependencies {
  readonly status: OwnStatus;
  readonly siteReports: SiteReports;
  readonly sites: Pick<Sites, 'findSite' | 'listSites'>;
  readonly clock: Clock;
}

/** Figures, and how long ago they were said: 0 for this site. */
export interface HeardFigures extends SiteFigures {
  readonly heardSecondsAgo: number;
}

export class ClusterStatus {
  readonly #status: OwnStatus;
  readonly #siteReports: SiteReports;
  readonly #sites: Dependencies['sites'];
  readonly #clock: Clock;
  /** Name of this site. */
  readonly own: string;

  constructor({ status, siteReports, sites, clock }: Dependencies, own: string) {
    this.#status = status;
    this.#siteReports = siteReports;
    this.#sites = sites;
    this.#clock = clock;
    this.own = own;
  }

  /** All sites by name; `status` is null for one that has said nothing of itself. */
  async list(): Promise<(Site & { readonly status: HeardFigures | null })[]> {
    const [sites, reports, own] = await Promise.all([
      this.#sites.listSites(),
      this.#siteReports.list(),
      this.#readOwn(),
    ]);
    const heard = new Map(reports.map((report) => [report.site, report]));
    return sites.map((site) => {
      const report = heard.get(site.name);
      if (site.name === this.own) return { ...site, status: own };
      return { ...site, status: report ? this.#age(report.figures, report.heardAt) : null };
    });
  }

  /** With its place. `undefined` for a site that is none, or has said nothing of itself. */
  async find(site: string): Promise<(HeardFigures & Pick<Site, 'place'>) | undefined> {
    const known = await this.#sites.findSite(site);
    const place = known?.place ? { place: known.place } : {};
    if (site === this.own) return { ...(await this.#readOwn()), ...place };
    const report = known && (await this.#siteReports.find(site));
    return report && { ...this.#age(report.figures, report.heardAt), ...place };
  }

  /** Keeps what another site says of itself. It speaks for itself alone, whatever it claims. */
  async record(site: string, figures: SiteFigures): Promise<void> {
    await this.#siteReports.record({
      site,
      heardAt: this.#clock.now(),
      figures: { ...figures, site },
    });
  }

  /** What it said is worth nothing once it is cut off. Idempotent. */
  async forget(site: string): Promise<void> {
    await this.#siteReports.delete(site);
  }

  async #readOwn(): Promise<HeardFigures> {
    return { ...(await this.#status.read()), heardSecondsAgo: 0 };
  }

  /** Silence is an answer too: what was well a minute ago need not be now. */
  #age(figures: SiteFigures, heardAt: Date): HeardFigures {
    const elapsedMs = this.#clock.now().getTime() - heardAt.getTime();
    const heardSecondsAgo = Math.max(Math.round(elapsedMs) / 1000, 0);
    if (heardSecondsAgo <= SILENCE_SECONDS) return { ...figures, heardSecondsAgo };
    const health = `This site has been silent for ${Math.round(heardSecondsAgo)} seconds.`;
    return { ...figures, heardSecondsAgo, isHealthy: false, health };
  }
}
