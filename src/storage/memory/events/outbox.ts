/** Memory maker of `Outbox`. */
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
import type { MemoryFacts } from '../facts.ts';

export class MemoryOutbox implements Outbox {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async listDue(webhook: string, { at, limit, behind = '' }: DuePage): Promise<Delivery[]> {
    const firsts = new Map<string, Delivery>();
    for (const delivery of this.#ofWebhook(webhook)) {
      const { subject } = delivery.event;
      if (delivery.state === 'waiting' && !firsts.has(subject)) firsts.set(subject, delivery);
    }
    const subjects = [...firsts.keys()].filter((subject) => subject > behind).sort();
    return subjects
      .map((subject) => firsts.get(subject)!)
      .filter((delivery) => timeOf(delivery) <= at.getTime())
      .slice(0, limit);
  }

  async findNextTry(webhook: string, after: Date): Promise<Date | undefined> {
    const times = this.#ofWebhook(webhook)
      .filter((one) => one.state === 'waiting' && timeOf(one) > after.getTime())
      .map(timeOf);
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  }

  async record(events: readonly RegistryEvent[]): Promise<void> {
    this.#facts.outbox.post(events, this.#facts.now());
  }

  async settle({ webhook, event }: Delivery, settlement: Settlement): Promise<void> {
    const deliveries = this.#facts.outbox.deliveries.get(webhook);
    const found = deliveries?.get(event.id);
    if (found?.state !== 'waiting') return;
    const { queuedAt, attempts } = found;
    if (settlement.state === 'delivered' && event.type === 'pull') {
      deliveries?.delete(event.id);
      return;
    }
    const { at: triedAt, ...outcome } = settlement;
    const tried = { webhook, event, queuedAt, triedAt, attempts: attempts + 1, ...outcome };
    deliveries?.set(event.id, tried);
  }

  async giveUp(
    webhook: string,
    { before, at: triedAt }: { readonly before: Date; readonly at: Date },
  ): Promise<number> {
    const isOld = ({ state, queuedAt }: Delivery) => state === 'waiting' && queuedAt < before;
    const old = this.#ofWebhook(webhook).filter(isOld);
    for (const { nextTryAt: _, ...one } of old) {
      const given = { ...UNTRIED, ...one, state: 'dead', triedAt } as const;
      this.#facts.outbox.ofWebhook(webhook).set(one.event.id, given);
    }
    return old.length;
  }

  async list(webhook: string, { state, limit, after }: DeliveryPage): Promise<Delivery[]> {
    const all = this.#ofWebhook(webhook).toReversed();
    const at = all.findIndex(({ event }) => event.id === after);
    if (after !== undefined && at === -1) return [];
    const wanted = all.slice(at + 1).filter((one) => state === undefined || one.state === state);
    return wanted.slice(0, limit);
  }

  async count(webhook?: string): Promise<OutboxCount> {
    const { webhooks, dropped } = this.#facts.outbox;
    const names = webhook === undefined ? [...webhooks.keys()] : [webhook];
    const states = names.flatMap((name) => this.#ofWebhook(name).map(({ state }) => state));
    const countOf = (wanted: string) => states.filter((state) => state === wanted).length;
    const sum = names.reduce((before, name) => before + (dropped.get(name) ?? 0), 0);
    return { waiting: countOf('waiting'), dead: countOf('dead'), dropped: sum };
  }

  async trim(webhook: string, most: number): Promise<number> {
    const all = this.#ofWebhook(webhook);
    const told = all.filter(({ state }) => state === 'delivered');
    const pulls = all.filter(({ state, event }) => state !== 'delivered' && event.type === 'pull');
    const going = [...told, ...pulls].slice(0, Math.max(0, all.length - most));
    const { deliveries, dropped } = this.#facts.outbox;
    for (const { event } of going) deliveries.get(webhook)!.delete(event.id);
    const count = Math.max(0, going.length - told.length);
    dropped.set(webhook, (dropped.get(webhook) ?? 0) + count);
    return count;
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
