/** Memory maker of `SiteReports`. */
import { OVERTAKING_MS, type SiteReport, type SiteReports } from '../../geo/site-reports.ts';

export class MemorySiteReports implements SiteReports {
  readonly #reports = new Map<string, SiteReport>();
  readonly #listeners = new Set<() => void>();

  async record(report: SiteReport): Promise<void> {
    if (isOvertaken(report, this.#reports.get(report.site))) return;
    this.#reports.set(report.site, structuredClone(report));
    for (const listener of this.#listeners) setImmediate(listener);
  }

  async find(site: string): Promise<SiteReport | undefined> {
    return this.#reports.get(site);
  }

  async list(): Promise<SiteReport[]> {
    return [...this.#reports.values()].sort((one, other) => (one.site < other.site ? -1 : 1));
  }

  async delete(site: string): Promise<void> {
    this.#reports.delete(site);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

function isOvertaken({ figures, heardAt }: SiteReport, last: SiteReport | undefined): boolean {
  if (!last || figures.appliedPosition >= last.figures.appliedPosition) return false;
  return heardAt.getTime() - last.heardAt.getTime() < OVERTAKING_MS;
}
