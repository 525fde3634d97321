/**
 * PORT: the webhooks, which are the addresses at which others want to be told of events. They stay
 * at the site where they were registered, with their secrets.
 */
import type { EventFilter } from '../../oci/events/event.ts';

/**
 * - `cloudevents`: one CloudEvent 1.0 in JSON
 * - `distribution`: the envelope of distribution's notifications, which knows no arrivals
 */
export const WEBHOOK_FORMATS = ['cloudevents', 'distribution'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** How one is written to; the site's settings count for what is absent. */
export interface WebhookSettings {
  /** `cloudevents` where absent. */
  readonly format?: WebhookFormat;
  /** Sent with each letter, such as a token. Their values are shown to nobody. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long it may take to answer. */
  readonly timeoutMs?: number;
  /** After so many failures, one after the other, it is left alone for a while … */
  readonly threshold?: number;
  /** … which begins with so many milliseconds, and doubles with each further failure. */
  readonly backoffMs?: number;
}

export interface Webhook extends WebhookSettings {
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
