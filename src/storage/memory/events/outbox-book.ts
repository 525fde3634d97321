/** The webhooks of a site and the deliveries to them, in memory. */
import { randomUUID } from 'node:crypto';
import type { TypedDeed } from '../../../oci/events/deed.ts';
import { eventOfDeed, type RegistryEvent, wantsEvent } from '../../../oci/events/event.ts';
import type { Delivery } from '../../events/outbox.ts';
import type { Webhook } from '../../events/webhooks.ts';

export class OutboxBook {
  readonly webhooks = new Map<string, Webhook>();
  /** By event, for each webhook, in the order in which they were put in. */
  readonly deliveries = new Map<string, Map<string, Delivery>>();
  /** By webhook: how many pulls were dropped. */
  readonly dropped = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  /** Puts each event in for each webhook that wants it. */
  post(events: readonly RegistryEvent[], queuedAt: Date): void {
    for (const { name, isEnabled, wants } of this.webhooks.values()) {
      const deliveries = this.ofWebhook(name);
      for (const event of events) {
        if (!isEnabled || !wantsEvent(wants, event) || deliveries.has(event.id)) continue;
        const waiting = { webhook: name, event, state: 'waiting', attempts: 0, queuedAt } as const;
        deliveries.set(event.id, waiting);
      }
    }
    this.wake();
  }

  /** As {@link post}, for what somebody did just now. */
  postDeeds(deeds: readonly TypedDeed[], at: Date): void {
    if (deeds.length === 0) return;
    const events = deeds.map((deed) => eventOfDeed(deed, randomUUID(), at));
    this.post(events, at);
  }

  ofWebhook(name: string): Map<string, Delivery> {
    const deliveries = this.deliveries.get(name) ?? new Map<string, Delivery>();
    this.deliveries.set(name, deliveries);
    return deliveries;
  }

  wake(): void {
    for (const listener of this.#listeners) setImmediate(listener);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
