/** Memory maker of `SiteReports`. */
import type { SiteReport, SiteReports } from '../../geo/site-reports.ts';

export class MemorySiteReports implements SiteReports {
  readonly #reports = new Map<string, SiteReport>();
  readonly #listeners = new Set<() => void>();

  async record(report: SiteReport): Promise<void> {
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
