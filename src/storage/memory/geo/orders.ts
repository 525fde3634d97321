/** Memory maker of `Orders`. */
import type { Order, OrderProgress, Orders } from '../../geo/orders.ts';
import type { MemoryFacts } from '../facts.ts';

export class MemoryOrders implements Orders {
  readonly #facts: MemoryFacts;
  /** In the order in which they were given. */
  readonly #orders = new Map<string, OrderProgress>();

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    facts.addWriter((fact) => {
      if (fact.kind === 'site-ordered') this.#write(fact.order);
    });
  }

  async record(order: Order): Promise<void> {
    this.#facts.assertPrimary();
    if (this.#orders.has(order.id)) return;
    this.#facts.commit({ kind: 'site-ordered', order: { ...order } });
  }

  async findWaiting(site: string): Promise<Order | undefined> {
    return this.#ofSite(site).find(({ state }) => state === 'waiting')?.order;
  }

  async settle(
    id: string,
    { isDone, message }: { readonly isDone: boolean; readonly message: string },
  ): Promise<void> {
    const found = this.#orders.get(id);
    if (found?.state !== 'waiting') return;
    const state = isDone ? 'done' : 'failed';
    this.#orders.set(id, { order: found.order, state, outcome: message });
  }

  async list(site: string, limit: number): Promise<OrderProgress[]> {
    return this.#ofSite(site).toReversed().slice(0, limit);
  }

  #ofSite(site: string): OrderProgress[] {
    return [...this.#orders.values()].filter(({ order }) => order.site === site);
  }

  #write(order: Order): void {
    if (!this.#orders.has(order.id)) this.#orders.set(order.id, { order, state: 'waiting' });
  }
}
