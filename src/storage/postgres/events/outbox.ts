/** `Outbox` in PostgreSQL: the table `deliveries`, and a channel that tells what was put in. */
import type { Delivery, DeliveryPage, Outbox, Settlement } from '../../events/outbox.ts';
import type { Database, Statement } from '../database.ts';
import { Listener } from '../listener.ts';
import { OUTBOX_CHANNEL } from './post.ts';

const DELIVERY = `webhook, event, state, attempts, queued_at AS "queuedAt",
  tried_at AS "triedAt", next_try_at AS "nextTryAt", reason, message`;

/**
 * The first of its subject is looked up for each row by the index of subjects. As a join, with
 * `NOT EXISTS`, a table without statistics would be read whole for each row.
 */
const LIST_NEXT: Statement = {
  name: 'list-next-deliveries',
  text: `SELECT ${DELIVERY} FROM deliveries AS delivery
         WHERE webhook = $1 AND state = 'waiting' AND nth = (
           SELECT nth FROM deliveries AS first
           WHERE first.webhook = delivery.webhook AND first.subject = delivery.subject
             AND first.state = 'waiting'
           ORDER BY first.webhook, first.subject, first.nth LIMIT 1
         )
         ORDER BY next_try_at NULLS FIRST, nth LIMIT $2`,
};
const SETTLE: Statement = {
  name: 'settle-delivery',
  text: `UPDATE deliveries
         SET state = $3, attempts = attempts + 1, tried_at = $4, next_try_at = $5, reason = $6,
             message = $7
         WHERE webhook = $1 AND event_id = $2 AND state = 'waiting'`,
};
const BEHIND = `($2::text IS NULL OR nth < (
  SELECT nth FROM deliveries WHERE webhook = $1 AND event_id = $2))`;
const LIST: Statement = {
  name: 'list-deliveries',
  text: `SELECT ${DELIVERY} FROM deliveries WHERE webhook = $1 AND ${BEHIND}
         ORDER BY nth DESC LIMIT $3`,
};
const LIST_OF_STATE: Statement = {
  name: 'list-deliveries-of-state',
  text: `SELECT ${DELIVERY} FROM deliveries WHERE webhook = $1 AND state = $4 AND ${BEHIND}
         ORDER BY nth DESC LIMIT $3`,
};
const COUNT: Statement = {
  name: 'count-deliveries',
  text: `SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
                count(*) FILTER (WHERE state = 'dead') AS dead
         FROM deliveries WHERE webhook = $1 AND state IN ('waiting', 'dead')`,
};
const REDELIVER: Statement = {
  name: 'redeliver',
  text: `WITH anew AS (
           UPDATE deliveries
           SET state = 'waiting', attempts = 0, queued_at = $2, tried_at = NULL,
               next_try_at = NULL, reason = NULL, message = NULL
           WHERE webhook = $1
             AND CASE WHEN $3::text IS NULL THEN state = 'dead' ELSE event_id = $3 END
           RETURNING nth
         ), told AS (
           SELECT pg_notify('${OUTBOX_CHANNEL}', '') FROM anew LIMIT 1
         )
         SELECT count(*) AS count, (SELECT count(*) FROM told) AS told FROM anew`,
};
/** In pages, so that each stays a short statement. */
const DELETE_SETTLED: Statement = {
  name: 'delete-settled-deliveries',
  text: `WITH settled AS (
           (SELECT nth FROM deliveries WHERE state = 'delivered' AND tried_at < $1 LIMIT 1000)
           UNION ALL
           (SELECT nth FROM deliveries WHERE state = 'dead' AND tried_at < $2 LIMIT 1000)
         )
         DELETE FROM deliveries USING settled WHERE deliveries.nth = settled.nth
         RETURNING deliveries.nth`,
};

export class PostgresOutbox implements Outbox {
  readonly #database: Database;
  readonly #listener: Listener;

  constructor(database: Database) {
    this.#database = database;
    this.#listener = new Listener({ url: database.url, channel: OUTBOX_CHANNEL });
  }

  async listNext(webhook: string, limit: number): Promise<Delivery[]> {
    return (await this.#database.query<Row>(LIST_NEXT, [webhook, limit])).map(toDelivery);
  }

  async settle({ webhook, event }: Delivery, settlement: Settlement): Promise<void> {
    const { state, at, message } = settlement;
    const nextTryAt = state === 'waiting' ? settlement.nextTryAt : null;
    const reason = state === 'delivered' ? null : settlement.reason;
    const values = [webhook, event.id, state, at, nextTryAt, reason, message];
    await this.#database.query(SETTLE, values);
  }

  async list(webhook: string, { state, limit, after }: DeliveryPage): Promise<Delivery[]> {
    const values = [webhook, after ?? null, limit];
    const rows =
      state === undefined
        ? await this.#database.query<Row>(LIST, values)
        : await this.#database.query<Row>(LIST_OF_STATE, [...values, state]);
    return rows.map(toDelivery);
  }

  async count(webhook: string): Promise<{ waiting: number; dead: number }> {
    const rows = await this.#database.query<{ waiting: number; dead: number }>(COUNT, [webhook]);
    return rows[0]!;
  }

  async redeliver(webhook: string, at: Date, event?: string): Promise<number> {
    const values = [webhook, at, event ?? null];
    const [row] = await this.#database.query<{ count: number }>(REDELIVER, values);
    return row!.count;
  }

  async deleteSettled(before: { readonly delivered: Date; readonly dead: Date }): Promise<number> {
    const values = [before.delivered, before.dead];
    return (await this.#database.query(DELETE_SETTLED, values)).length;
  }

  watch(listener: () => void): () => void {
    return this.#listener.add(listener);
  }
}

/** Nulls where the delivery has nothing. */
type Row = { readonly [K in keyof Delivery]-?: Delivery[K] | null };

function toDelivery(row: Row): Delivery {
  const there = Object.entries(row).filter(([, value]) => value !== null);
  return Object.fromEntries(there) as unknown as Delivery;
}
