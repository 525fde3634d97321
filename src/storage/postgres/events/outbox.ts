/** `Outbox` in PostgreSQL: the table `deliveries`, and a channel that tells what was put in. */
import type { RegistryEvent } from '../../../oci/events/event.ts';
import {
  type Delivery,
  type DeliveryPage,
  type DuePage,
  type Outbox,
  type OutboxCount,
  type Settlement,
  UNTRIED,
} from '../../events/outbox.ts';
import type { Database, Statement } from '../database.ts';
import { Listener } from '../listener.ts';
import { OUTBOX_CHANNEL, postEvents } from './post.ts';

const DELIVERY = `webhook, event, state, attempts, queued_at AS "queuedAt",
  tried_at AS "triedAt", next_try_at AS "nextTryAt", reason, message`;

/**
 * From subject to subject by their index, so what waits behind the first of each costs nothing; and
 * no further than to the last one that is asked for.
 */
const LIST_DUE: Statement = {
  name: 'list-due-deliveries',
  text: `WITH RECURSIVE firsts AS (
           (SELECT nth, subject, next_try_at FROM deliveries
            WHERE webhook = $1 AND state = 'waiting' AND subject > $2
            ORDER BY webhook, subject, nth LIMIT 1)
           UNION ALL
           SELECT following.* FROM firsts CROSS JOIN LATERAL (
             SELECT nth, subject, next_try_at FROM deliveries
             WHERE webhook = $1 AND state = 'waiting' AND subject > firsts.subject
             ORDER BY webhook, subject, nth LIMIT 1
           ) AS following
         ), due AS (
           SELECT nth FROM firsts WHERE next_try_at IS NULL OR next_try_at <= $3 LIMIT $4
         )
         SELECT ${DELIVERY} FROM deliveries JOIN due USING (nth) ORDER BY subject`,
};
const FIND_NEXT_TRY: Statement = {
  name: 'find-next-try',
  text: `SELECT next_try_at AS "nextTryAt" FROM deliveries
         WHERE webhook = $1 AND state = 'waiting' AND next_try_at > $2
         ORDER BY webhook, next_try_at LIMIT 1`,
};
const SETTLE: Statement = {
  name: 'settle-delivery',
  text: `UPDATE deliveries
         SET state = $3, attempts = attempts + 1, tried_at = $4, next_try_at = $5, reason = $6,
             message = $7
         WHERE webhook = $1 AND event_id = $2 AND state = 'waiting'`,
};
/** What is ordered again stays where it was, so the oldest may be among the first alone. */
const GIVE_UP: Statement = {
  name: 'give-deliveries-up',
  text: `WITH firsts AS (
           SELECT nth FROM deliveries WHERE webhook = $1 AND state = 'waiting'
           ORDER BY webhook, state, nth LIMIT 1000
         )
         UPDATE deliveries SET state = 'dead', tried_at = $3, next_try_at = NULL,
           reason = coalesce(reason, $4), message = coalesce(message, $5)
         FROM firsts WHERE deliveries.nth = firsts.nth AND state = 'waiting' AND queued_at < $2
         RETURNING deliveries.nth`,
};
const FORGET: Statement = {
  name: 'forget-delivery',
  text: `DELETE FROM deliveries WHERE webhook = $1 AND event_id = $2 AND state = 'waiting'`,
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
                count(*) FILTER (WHERE state = 'dead') AS dead,
                coalesce((SELECT dropped FROM webhooks WHERE name = $1), 0) AS dropped
         FROM deliveries WHERE webhook = $1 AND state IN ('waiting', 'dead')`,
};
const COUNT_ALL: Statement = {
  name: 'count-all-deliveries',
  text: `SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
                count(*) FILTER (WHERE state = 'dead') AS dead,
                (SELECT coalesce(sum(dropped), 0)::bigint FROM webhooks) AS dropped
         FROM webhooks JOIN deliveries ON deliveries.webhook = webhooks.name
         WHERE state IN ('waiting', 'dead')`,
};
/** In pages, so that each stays a short statement. */
const TRIM: Statement = {
  name: 'trim-deliveries',
  text: `WITH beyond AS (
           SELECT least(greatest(count(*) - $2, 0), 10000) AS n FROM deliveries WHERE webhook = $1
         ), told AS (
           DELETE FROM deliveries WHERE nth IN (
             SELECT nth FROM deliveries WHERE webhook = $1 AND state = 'delivered'
             ORDER BY webhook, state, nth LIMIT (SELECT n FROM beyond)
           ) RETURNING nth
         ), pulls AS (
           DELETE FROM deliveries WHERE nth IN (
             SELECT nth FROM deliveries
             WHERE webhook = $1 AND type = 'pull' AND state <> 'delivered'
             ORDER BY webhook, nth LIMIT (SELECT n FROM beyond) - (SELECT count(*) FROM told)
           ) RETURNING nth
         ), noted AS (
           UPDATE webhooks SET dropped = dropped + (SELECT count(*) FROM pulls)
           WHERE name = $1 AND EXISTS (SELECT FROM pulls)
         )
         SELECT count(*) AS count FROM pulls`,
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

  async listDue(webhook: string, { at, limit, behind = '' }: DuePage): Promise<Delivery[]> {
    const values = [webhook, behind, at, limit];
    return (await this.#database.query<Row>(LIST_DUE, values)).map(toDelivery);
  }

  async findNextTry(webhook: string, after: Date): Promise<Date | undefined> {
    const values = [webhook, after];
    const [row] = await this.#database.query<{ nextTryAt: Date }>(FIND_NEXT_TRY, values);
    return row?.nextTryAt;
  }

  record(events: readonly RegistryEvent[]): Promise<void> {
    return this.#database.transaction((trx) => postEvents(trx, events));
  }

  async settle({ webhook, event }: Delivery, settlement: Settlement): Promise<void> {
    const { state, at, message } = settlement;
    if (state === 'delivered' && event.type === 'pull') {
      await this.#database.query(FORGET, [webhook, event.id]);
      return;
    }
    const nextTryAt = state === 'waiting' ? settlement.nextTryAt : null;
    const reason = state === 'delivered' ? null : settlement.reason;
    const values = [webhook, event.id, state, at, nextTryAt, reason, message];
    await this.#database.query(SETTLE, values);
  }

  async giveUp(
    webhook: string,
    { before, at }: { readonly before: Date; readonly at: Date },
  ): Promise<number> {
    const values = [webhook, before, at, UNTRIED.reason, UNTRIED.message];
    return (await this.#database.query(GIVE_UP, values)).length;
  }

  async list(webhook: string, { state, limit, after }: DeliveryPage): Promise<Delivery[]> {
    const values = [webhook, after ?? null, limit];
    const rows =
      state === undefined
        ? await this.#database.query<Row>(LIST, values)
        : await this.#database.query<Row>(LIST_OF_STATE, [...values, state]);
    return rows.map(toDelivery);
  }

  async count(webhook?: string): Promise<OutboxCount> {
    const [counted] = await (webhook === undefined
      ? this.#database.query<OutboxCount>(COUNT_ALL)
      : this.#database.query<OutboxCount>(COUNT, [webhook]));
    return counted!;
  }

  async trim(webhook: string, most: number): Promise<number> {
    return (await this.#database.query<{ count: number }>(TRIM, [webhook, most]))[0]!.count;
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
