/** `AuditLog` in PostgreSQL: the table `audit_log`. */
import type { Act, AuditEntry, AuditLog, AuditPage, Settlement } from '../../people/audit-log.ts';
import type { Database, Statement } from '../database.ts';

const BEGIN: Statement = {
  name: 'begin-act',
  text: `INSERT INTO audit_log (at, actor, address, agent, method, path, outcome)
         VALUES ($1, $2, $3, $4, $5, $6, 'begun') RETURNING id`,
};
const SETTLE: Statement = {
  name: 'settle-act',
  text: `UPDATE audit_log SET outcome = $2, status = $3, actor = coalesce($4, actor), fields = $5
         WHERE id = $1`,
};
/** By the key alone; acts are few, and a filter reads past what it does not want. */
const LIST: Statement = {
  name: 'list-acts',
  text: `SELECT id, at, actor, address, agent, method, path, outcome, status, fields
         FROM audit_log
         WHERE id < $1 AND ($3::text IS NULL OR actor = $3) AND ($4::text IS NULL OR method = $4)
           AND starts_with(path, $5) AND ($6::text IS NULL OR outcome = $6)
           AND ($7::timestamptz IS NULL OR at >= $7) AND ($8::timestamptz IS NULL OR at < $8)
         ORDER BY id DESC LIMIT $2`,
};
const DELETE: Statement = {
  name: 'delete-acts',
  text: `DELETE FROM audit_log WHERE id IN (
           SELECT id FROM audit_log WHERE at < $1 ORDER BY at LIMIT 1000)
         RETURNING id`,
};

/**
 * `jsonb` keeps no NUL and no half of a surrogate pair, which `JSON.stringify` escapes; a refused
 * act may have asked for either, and has an outcome all the same.
 */
const UNKEEPABLE = /\\u(?:0000|d[89a-f]..)/g;
const REPLACEMENT = '\\ufffd';

export class PostgresAuditLog implements AuditLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin({ at, actor, address, agent, method, path }: Act): Promise<number> {
    const values = [at, actor, address, agent, method, path];
    const [row] = await this.#database.query<{ id: number }>(BEGIN, values);
    return row!.id;
  }

  async settle(id: number, { outcome, status, actor, fields }: Settlement): Promise<void> {
    const detail = fields ? JSON.stringify(fields).replaceAll(UNKEEPABLE, REPLACEMENT) : null;
    await this.#database.query(SETTLE, [id, outcome, status, actor ?? null, detail]);
  }

  async list(page: AuditPage): Promise<AuditEntry[]> {
    const { limit, before, actor, method, path = '', outcome, since, until } = page;
    const filters = [actor ?? null, method ?? null, path, outcome ?? null];
    const times = [since ?? null, until ?? null];
    const values = [before ?? Number.MAX_SAFE_INTEGER, limit, ...filters, ...times];
    const rows = await this.#database.query<AuditEntry>(LIST, values);
    return rows.map((row) => {
      const there = Object.entries(row).filter(([, value]) => value !== null);
      return Object.fromEntries(there) as unknown as AuditEntry;
    });
  }

  async deleteBefore(time: Date): Promise<number> {
    return (await this.#database.query(DELETE, [time])).length;
  }
}
