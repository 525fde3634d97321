/** Memory maker of `Outbox`. */
import type { Delivery, DeliveryPage, Outbox, Settlement } from '../../events/outbox.ts';
import type { MemoryFacts } from '../facts.ts';

export class MemoryOutbox implements Outbox {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async listNext(webhook: string, limit: number): Promise<Delivery[]> {
    const firsts = new Map<string, Delivery>();
    for (const delivery of this.#ofWebhook(webhook)) {
      const { subject } = delivery.event;
      if (delivery.state === 'waiting' && !firsts.has(subject)) firsts.set(subject, delivery);
    }
    return [...firsts.values()].sort((one, other) => timeOf(one) - timeOf(other)).slice(0, limit);
  }

  async settle({ webhook, event }: Delivery, settlement: Settlement): Promise<void> {
    const deliveries = this.#facts.outbox.deliveries.get(webhook);
    const found = deliveries?.get(event.id);
    if (found?.state !== 'waiting') return;
    const { queuedAt, attempts } = found;
    const { at: triedAt, ...outcome } = settlement;
    const tried = { webhook, event, queuedAt, triedAt, attempts: attempts + 1, ...outcome };
    deliveries?.set(event.id, tried);
  }

  async list(webhook: string, { state, limit, after }: DeliveryPage): Promise<Delivery[]> {
    const all = this.#ofWebhook(webhook).toReversed();
    const at = all.findIndex(({ event }) => event.id === after);
    if (after !== undefined && at === -1) return [];
    const wanted = all.slice(at + 1).filter((one) => state === undefined || one.state === state);
    return wanted.slice(0, limit);
  }

  async count(webhook: string): Promise<{ waiting: number; dead: number }> {
    const states = this.#ofWebhook(webhook).map(({ state }) => state);
    const countOf = (wanted: string) => states.filter((state) => state === wanted).length;
    return { waiting: countOf('waiting'), dead: countOf('dead') };
  }

  async redeliver(webhook: string, at: Date, id?: string): Promise<number> {
    const wanted = this.#ofWebhook(webhook).filter((delivery) =>
      id === undefined ? delivery.state === 'dead' : delivery.event.id === id,
    );
    for (const { event } of wanted) {
      const anew = { webhook, event, state: 'waiting', attempts: 0, queuedAt: at } as const;
      this.#facts.outbox.ofWebhook(webhook).set(event.id, anew);
    }
    this.#facts.outbox.wake();
    return wanted.length;
  }

  async deleteSettled(before: { readonly delivered: Date; readonly dead: Date }): Promise<number> {
    let count = 0;
    for (const deliveries of this.#facts.outbox.deliveries.values()) {
      for (const { event, state, triedAt } of deliveries.values()) {
        if (state === 'waiting' || triedAt! >= before[state]) continue;
        deliveries.delete(event.id);
        count += 1;
      }
    }
    return count;
  }

  watch(listener: () => void): () => void {
    return this.#facts.outbox.watch(listener);
  }

  #ofWebhook(name: string): Delivery[] {
    return [...(this.#facts.outbox.deliveries.get(name)?.values() ?? [])];
  }
}

function timeOf({ nextTryAt }: Delivery): number {
  return nextTryAt?.getTime() ?? 0;
}
