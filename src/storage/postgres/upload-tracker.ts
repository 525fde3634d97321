/**
 * `UploadTracker` in PostgreSQL. Each method is one statement, so two at once cannot both win.
 *
 * None of them waits until it is on the disk: what is durable for a client is the blob, and the
 * commit that links it takes along whatever was written before it. A server that crashes may forget
 * the last moments of an upload, which the client then finds shorter or unknown, and sends again.
 */
import type { Lease, UploadCaps, UploadSession, UploadTracker } from '../upload-tracker.ts';
import type { Database, Statement } from './database.ts';

const COLUMNS = `id, repository, subject, algorithm, "offset",
                 started_at AS "startedAt", expires_at AS "expiresAt"`;

/** True, and settles it for the transaction of the statement that asks, alone. */
const WITHOUT_WAITING = "set_config('synchronous_commit', 'off', true) = 'off'";

const CREATE: Statement = {
  name: 'create-upload',
  text: `SELECT begin_upload(ROW($1, $2, $3, $4, $5, $6, $7, NULL, NULL)::uploads, $8, $9)
           AS "isBegun"
         WHERE ${WITHOUT_WAITING}`,
};
const FIND: Statement = {
  name: 'find-upload',
  text: `SELECT ${COLUMNS} FROM uploads WHERE id = $1`,
};
const LEASE: Statement = {
  name: 'lease-upload',
  text: `UPDATE uploads SET writer = $2, leased_until = $3
         WHERE id = $1 AND expires_at > $4 AND (writer IS NULL OR leased_until <= $4)
           AND "offset" = coalesce($5, "offset")
           AND ${WITHOUT_WAITING}
         RETURNING ${COLUMNS}`,
};
const RENEW: Statement = {
  name: 'renew-upload',
  text: `UPDATE uploads SET leased_until = $3 WHERE id = $1 AND writer = $2
           AND ${WITHOUT_WAITING}
         RETURNING id`,
};
const RELEASE: Statement = {
  name: 'release-upload',
  text: `UPDATE uploads SET "offset" = $3, writer = NULL, leased_until = NULL
         WHERE id = $1 AND writer = $2
           AND ${WITHOUT_WAITING}
         RETURNING id`,
};
const DELETE: Statement = {
  name: 'delete-upload',
  text: `DELETE FROM uploads WHERE id = $1 AND ${WITHOUT_WAITING} RETURNING id`,
};
const LIST_EXPIRED: Statement = {
  name: 'list-expired-uploads',
  text: `SELECT ${COLUMNS} FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`,
};

export class PostgresUploadTracker implements UploadTracker {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(session: UploadSession, caps?: UploadCaps): Promise<boolean> {
    const { id, repository, subject, algorithm, offset, startedAt, expiresAt } = session;
    const limits = [caps?.perSubject ?? null, caps?.perRepository ?? null];
    const values = [id, repository, subject, algorithm, offset, startedAt, expiresAt, ...limits];
    const rows = await this.#database.query<{ isBegun: boolean }>(CREATE, values);
    return rows[0]!.isBegun;
  }

  async find(id: string): Promise<UploadSession | undefined> {
    const rows = await this.#database.query<UploadSession>(FIND, [id]);
    return rows[0];
  }

  async lease(id: string, lease: Lease): Promise<UploadSession | undefined> {
    const offset = lease.offset === 'any' ? null : lease.offset;
    const values = [id, lease.writer, lease.until, lease.now, offset];
    const rows = await this.#database.query<UploadSession>(LEASE, values);
    return rows[0];
  }

  async renew(id: string, writer: string, until: Date): Promise<boolean> {
    return (await this.#database.query(RENEW, [id, writer, until])).length > 0;
  }

  async release(id: string, writer: string, offset: number): Promise<boolean> {
    return (await this.#database.query(RELEASE, [id, writer, offset])).length > 0;
  }

  async delete(id: string): Promise<boolean> {
    return (await this.#database.query(DELETE, [id])).length > 0;
  }

  listExpired(now: Date, limit: number): Promise<UploadSession[]> {
    return this.#database.query<UploadSession>(LIST_EXPIRED, [now, limit]);
  }
}
