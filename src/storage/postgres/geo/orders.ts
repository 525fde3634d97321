/** `Orders` in PostgreSQL: the table `site_orders`. */
import type { Knex } from 'knex';
import type { Order, OrderProgress, Orders } from '../../geo/orders.ts';
import type { Database, Statement } from '../database.ts';
import { appendChanges } from '../facts/append.ts';

const FIND_WAITING: Statement = {
  name: 'find-waiting-order',
  text: `SELECT "order" FROM site_orders WHERE site = $1 AND state = 'waiting'
         ORDER BY nth LIMIT 1`,
};
const SETTLE: Statement = {
  name: 'settle-order',
  text: `UPDATE site_orders SET state = $2, outcome = $3 WHERE id = $1 AND state = 'waiting'`,
};
const LIST: Statement = {
  name: 'list-orders',
  text: `SELECT "order", state, outcome FROM site_orders WHERE site = $1
         ORDER BY nth DESC LIMIT $2`,
};

export class PostgresOrders implements Orders {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  record(order: Order): Promise<void> {
    return this.#database.transaction(async (trx) => {
      const isNew = await writeOrder(trx, order);
      await appendChanges(trx, isNew ? [{ kind: 'site-ordered', order }] : []);
    });
  }

  async findWaiting(site: string): Promise<Order | undefined> {
    const rows = await this.#database.query<{ order: Order }>(FIND_WAITING, [site]);
    return rows[0]?.order;
  }

  async settle(
    id: string,
    { isDone, message }: { readonly isDone: boolean; readonly message: string },
  ): Promise<void> {
    await this.#database.query(SETTLE, [id, isDone ? 'done' : 'failed', message]);
  }

  async list(site: string, limit: number): Promise<OrderProgress[]> {
    const rows = await this.#database.query<Row>(LIST, [site, limit]);
    return rows.map(({ outcome, ...rest }) => (outcome === null ? rest : { ...rest, outcome }));
  }
}

interface Row {
  readonly order: Order;
  readonly state: OrderProgress['state'];
  readonly outcome: string | null;
}

/** Writes the fact that a site was ordered to do something. @returns whether it was new. */
export async function writeOrder(trx: Knex.Transaction, order: Order): Promise<boolean> {
  const { rowCount } = await trx.raw(
    `INSERT INTO site_orders (id, site, "order") VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    [order.id, order.site, JSON.stringify(order)],
  );
  return rowCount > 0;
}
