/** Memory maker of `AuditLog`. */
import type { Act, AuditEntry, AuditLog, AuditPage, Settlement } from '../../people/audit-log.ts';

export class MemoryAuditLog implements AuditLog {
  #entries: AuditEntry[] = [];
  #last = 0;

  async begin(act: Act): Promise<number> {
    this.#last += 1;
    this.#entries.push({ ...act, id: this.#last, outcome: 'begun' });
    return this.#last;
  }

  async settle(id: number, settlement: Settlement): Promise<void> {
    this.#entries = this.#entries.map((one) => (one.id === id ? { ...one, ...settlement } : one));
  }

  async list(page: AuditPage): Promise<AuditEntry[]> {
    const found = this.#entries.filter((entry) => isOn(page, entry));
    return structuredClone(found.toReversed().slice(0, page.limit));
  }

  async deleteBefore(time: Date): Promise<number> {
    const count = this.#entries.length;
    this.#entries = this.#entries.filter(({ at }) => at >= time);
    return count - this.#entries.length;
  }
}

function isOn(page: AuditPage, { id, at, ...entry }: AuditEntry): boolean {
  const { before = Number.POSITIVE_INFINITY, since, until, path = '' } = page;
  if (id >= before || (since && at < since) || (until && at >= until)) return false;
  const isAsAsked = (['actor', 'method', 'outcome'] as const).every((key) => {
    return page[key] === undefined || page[key] === entry[key];
  });
  return isAsAsked && entry.path.startsWith(path);
}
