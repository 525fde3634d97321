/** Memory maker of `UploadTracker`. */
import type { Lease, UploadCaps, UploadSession, UploadTracker } from '../upload-tracker.ts';

interface Row {
  session: UploadSession;
  lease?: { readonly writer: string; readonly until: Date } | undefined;
}

export class MemoryUploadTracker implements UploadTracker {
  readonly #rows = new Map<string, Row>();

  async create(session: UploadSession, caps?: UploadCaps): Promise<boolean> {
    const { subject, repository } = session;
    const others = [...this.#rows.values()].map((row) => row.session);
    const ofSubject = others.filter((other) => other.subject === subject).length;
    const inRepository = others.filter((other) => other.repository === repository).length;
    const isFull = caps && (ofSubject >= caps.perSubject || inRepository >= caps.perRepository);
    if (!isFull) this.#rows.set(session.id, { session });
    return !isFull;
  }

  async find(id: string): Promise<UploadSession | undefined> {
    return this.#rows.get(id)?.session;
  }

  async lease(id: string, lease: Lease): Promise<UploadSession | undefined> {
    const row = this.#rows.get(id);
    if (!row || !isFree(row, lease)) return undefined;
    row.lease = { writer: lease.writer, until: lease.until };
    return row.session;
  }

  async renew(id: string, writer: string, until: Date): Promise<boolean> {
    const row = this.#findHeld(id, writer);
    if (row) row.lease = { writer, until };
    return row !== undefined;
  }

  async release(id: string, writer: string, offset: number): Promise<boolean> {
    const row = this.#findHeld(id, writer);
    if (!row) return false;
    row.session = { ...row.session, offset };
    row.lease = undefined;
    return true;
  }

  async delete(id: string): Promise<boolean> {
    return this.#rows.delete(id);
  }

  async listExpired(now: Date, limit: number): Promise<UploadSession[]> {
    const sessions = [...this.#rows.values()].map((row) => row.session);
    return sessions
      .filter(({ expiresAt }) => expiresAt <= now)
      .sort((one, other) => one.expiresAt.getTime() - other.expiresAt.getTime())
      .slice(0, limit);
  }

  #findHeld(id: string, writer: string): Row | undefined {
    const row = this.#rows.get(id);
    return row?.lease?.writer === writer ? row : undefined;
  }
}

function isFree({ session, lease: held }: Row, { offset, now }: Lease): boolean {
  const stands = offset === 'any' || offset === session.offset;
  return stands && session.expiresAt > now && (held === undefined || held.until <= now);
}
