/**
 * PORT: the webhooks, which are the addresses at which others want to be told of events. They stay
 * at the site where they were registered, with their secrets.
 */
import type { EventFilter } from '../../oci/events/event.ts';

export interface Webhook {
  readonly name: string;
  /** http or https. */
  readonly url: string;
  /** Signs what is sent: `whsec_` and base64. Shown to nobody. */
  readonly secret?: string;
  /** To one that is not, nothing is sent, and no new event is put in for it. */
  readonly isEnabled: boolean;
  readonly wants: EventFilter;
}

export interface Webhooks {
  find(name: string): Promise<Webhook | undefined>;
  /** All of them, by name. */
  list(): Promise<Webhook[]>;
  /** Creates or replaces it. Wakes those who watch the outbox. */
  record(webhook: Webhook): Promise<void>;
  /** With all deliveries to it. @returns whether it was there. */
  delete(name: string): Promise<boolean>;
}
