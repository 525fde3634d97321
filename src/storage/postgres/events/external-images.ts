/** `ExternalImages` in PostgreSQL, and a channel that tells what is to be copied. */
import type { Knex } from 'knex';
import type {
  CopyOrder,
  CopySettlement,
  ExternalImage,
  ExternalImages,
  ExternalPage,
  ToldImage,
  WaitingImage,
} from '../../events/external-images.ts';
import type { Database, Statement } from '../database.ts';
import { Listener } from '../listener.ts';

const CHANNEL = 'external_images';

const IMAGE = `id, source, event_id AS "eventId", repository, digest, tag,
  media_type AS "mediaType", size_bytes AS "sizeBytes", actor, pushed_at AS "pushedAt",
  received_at AS "receivedAt", upstream, image, copied_as AS "copiedAs", state, attempts,
  queued_at AS "queuedAt", tried_at AS "triedAt", next_try_at AS "nextTryAt", message`;

/** Who records waits for who records: of two that are told at once, one sees the other. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('external images', 0))`;
const RECORD = `
  INSERT INTO external_images (source, event_id, repository, digest, tag, media_type, size_bytes,
    actor, pushed_at, received_at, queued_at, upstream, image, copied_as, state)
  VALUES (:source, :eventId, :repository, :digest, :tag, :mediaType, :sizeBytes, :actor, :pushedAt,
    :receivedAt, :receivedAt, :upstream, :image, :copiedAs, :state)
  ON CONFLICT DO NOTHING RETURNING id`;
/** Of those that wait for the same tag, all but the one that was pushed last. */
const SUPERSEDE = `
  UPDATE external_images AS old SET state = 'superseded'
  WHERE source = :source AND repository = :repository AND tag = :tag AND state = 'waiting'
    AND EXISTS (
      SELECT FROM external_images AS new
      WHERE new.source = old.source AND new.repository = old.repository AND new.tag = old.tag
        AND new.state <> 'recorded' AND (new.pushed_at, new.id) > (old.pushed_at, old.id))`;
const FIND: Statement = {
  name: 'find-external-image',
  text: `SELECT ${IMAGE} FROM external_images WHERE id = $1`,
};
const LIST: Statement = {
  name: 'list-external-images',
  text: `SELECT ${IMAGE} FROM external_images WHERE id < $1 ORDER BY id DESC LIMIT $2`,
};
const LIST_OF_STATE: Statement = {
  name: 'list-external-images-of-state',
  text: `SELECT ${IMAGE} FROM external_images WHERE id < $1 AND state = $3
         ORDER BY id DESC LIMIT $2`,
};
const LIST_NEXT: Statement = {
  name: 'list-next-external-images',
  text: `SELECT ${IMAGE} FROM external_images WHERE state = 'waiting'
         ORDER BY next_try_at NULLS FIRST, id LIMIT $1`,
};
const SETTLE: Statement = {
  name: 'settle-external-image',
  text: `UPDATE external_images
         SET state = $2, attempts = attempts + 1, tried_at = $3, next_try_at = $4, message = $5
         WHERE id = $1 AND state = 'waiting'`,
};
const RETRY: Statement = {
  name: 'retry-external-images',
  text: `WITH anew AS (
           UPDATE external_images
           SET state = 'waiting', attempts = 0, queued_at = $1, tried_at = NULL,
               next_try_at = NULL, message = NULL
           WHERE state = 'failed' AND ($2::bigint IS NULL OR id = $2)
           RETURNING id
         ), told AS (
           SELECT pg_notify('${CHANNEL}', '') FROM anew LIMIT 1
         )
         SELECT count(*) AS count, (SELECT count(*) FROM told) AS told FROM anew`,
};
const DELETE: Statement = {
  name: 'delete-external-images',
  text: `DELETE FROM external_images WHERE id IN (
           SELECT id FROM external_images WHERE received_at < $1 AND state <> 'waiting'
           ORDER BY received_at LIMIT 1000)
         RETURNING id`,
};

type Told = Parameters<ExternalImages['record']>[0];

export class PostgresExternalImages implements ExternalImages {
  readonly #database: Database;
  readonly #listener: Listener;

  constructor(database: Database) {
    this.#database = database;
    this.#listener = new Listener({ url: database.url, channel: CHANNEL });
  }

  record(told: Told): Promise<{ recorded: number; queued: number }> {
    return this.#database.transaction(async (trx) => {
      await trx.raw(LOCK);
      const fresh: number[] = [];
      for (const { image, order } of told) fresh.push(...(await write(trx, image, order)));
      const queued = await trx('external_images').whereIn('id', fresh).where('state', 'waiting');
      if (queued.length > 0) await trx.raw(`SELECT pg_notify('${CHANNEL}', '')`);
      return { recorded: fresh.length, queued: queued.length };
    });
  }

  async find(id: number): Promise<ExternalImage | undefined> {
    return (await this.#database.query<Row>(FIND, [id])).map(toImage)[0];
  }

  async list({ state, limit, after }: ExternalPage): Promise<ExternalImage[]> {
    const values = [after ?? Number.MAX_SAFE_INTEGER, limit];
    const rows =
      state === undefined
        ? await this.#database.query<Row>(LIST, values)
        : await this.#database.query<Row>(LIST_OF_STATE, [...values, state]);
    return rows.map(toImage);
  }

  async listNext(limit: number): Promise<WaitingImage[]> {
    const rows = await this.#database.query<Row>(LIST_NEXT, [limit]);
    return rows.map(toImage) as WaitingImage[];
  }

  async settle(id: number, settlement: CopySettlement): Promise<void> {
    const { state, at, message } = settlement;
    const nextTryAt = state === 'waiting' ? settlement.nextTryAt : null;
    await this.#database.query(SETTLE, [id, state, at, nextTryAt, message]);
  }

  async retry(at: Date, id?: number): Promise<number> {
    return (await this.#database.query<{ count: number }>(RETRY, [at, id ?? null]))[0]!.count;
  }

  async deleteBefore(time: Date): Promise<number> {
    return (await this.#database.query(DELETE, [time])).length;
  }

  watch(listener: () => void): () => void {
    return this.#listener.add(listener);
  }
}

/** @returns the id of its row; none where the event is known */
async function write(
  trx: Knex.Transaction,
  image: ToldImage,
  order: CopyOrder | undefined,
): Promise<number[]> {
  const { tag = null, sizeBytes = null } = image;
  const copy = order ?? { upstream: null, image: null, copiedAs: null };
  const state = order ? 'waiting' : 'recorded';
  const values = { ...image, tag, sizeBytes, ...copy, state };
  const { rows } = await trx.raw<{ rows: { id: number }[] }>(RECORD, values);
  if (rows.length > 0 && order && tag !== null) await trx.raw(SUPERSEDE, values);
  return rows.map(({ id }) => id);
}

/** Nulls where the image has nothing. */
type Row = { readonly [Key in keyof ExternalImage]-?: ExternalImage[Key] | null };

function toImage(row: Row): ExternalImage {
  const there = Object.entries(row).filter(([, value]) => value !== null);
  return Object.fromEntries(there) as unknown as ExternalImage;
}
