/** Memory maker of `Webhooks`. */
import type { Webhook, Webhooks } from '../../events/webhooks.ts';
import type { MemoryFacts } from '../facts.ts';

export class MemoryWebhooks implements Webhooks {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async find(name: string): Promise<Webhook | undefined> {
    return this.#facts.outbox.webhooks.get(name);
  }

  async list(): Promise<Webhook[]> {
    const webhooks = [...this.#facts.outbox.webhooks.values()];
    return webhooks.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async record(webhook: Webhook): Promise<void> {
    this.#facts.outbox.webhooks.set(webhook.name, structuredClone(webhook));
    this.#facts.outbox.wake();
  }

  async delete(name: string): Promise<boolean> {
    this.#facts.outbox.deliveries.delete(name);
    this.#facts.outbox.dropped.delete(name);
    return this.#facts.outbox.webhooks.delete(name);
  }
}
