/**
 * PORT: the outbox — each event once for each webhook that wants it, until it was told there.
 *
 * A delivery is put in by the transaction that records what the event tells: the one is never there
 * without the other. Who records what happened puts it in; this port is for those who send.
 */
import type { DeliveryFailure, RegistryEvent } from '../../oci/events/event.ts';

/**
 * - `waiting`: it is sent as soon as its time has come, and those of its subject before it are gone
 * - `dead`: it was given up; it is sent again only where somebody says so
 */
export const DELIVERY_STATES = ['waiting', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface Delivery {
  /** Name of the webhook. */
  readonly webhook: string;
  readonly event: RegistryEvent;
  readonly state: DeliveryState;
  /** How often it was tried since it was put in, or ordered again. */
  readonly attempts: number;
  /** When it was put in, or ordered again. */
  readonly queuedAt: Date;
  readonly triedAt?: Date;
  /** Absent where it may be tried at once. */
  readonly nextTryAt?: Date;
  /** Why the last try failed: its code, and a sentence. A delivered one has the sentence. */
  readonly reason?: DeliveryFailure;
  readonly message?: string;
}

/** What came of a try. */
export type Settlement = {
  readonly at: Date;
  readonly message: string;
} & (
  | { readonly state: 'delivered' }
  | { readonly state: 'dead'; readonly reason: DeliveryFailure }
  | { readonly state: 'waiting'; readonly reason: DeliveryFailure; readonly nextTryAt: Date }
);

/** Why a delivery was given up that was never tried: others of its webhook were. */
export const UNTRIED = {
  reason: 'no-connection',
  message: 'its webhook did not answer for too long',
} as const;

export interface DeliveryPage {
  readonly state?: DeliveryState;
  readonly limit: number;
  /** Id of the event behind which the page begins; one that is not known has nothing behind it. */
  readonly after?: string;
}

/** What is sent next. */
export interface DuePage {
  readonly at: Date;
  readonly limit: number;
  /** A subject: those behind it, in byte order. From the first one on where absent. */
  readonly behind?: string;
}

/** How much there is to tell; `dropped` are pulls for which there was no room, ever. */
export interface OutboxCount {
  readonly waiting: number;
  readonly dead: number;
  readonly dropped: number;
}

export interface Outbox {
  /**
   * What waits for a webhook and may be tried now: the first of each subject alone, by subject. So
   * whoever asks behind the last one that it got gives each subject its turn.
   */
  listDue(webhook: string, page: DuePage): Promise<Delivery[]>;
  /** The first time after that one at which something may be tried again, if there is such. */
  findNextTry(webhook: string, after: Date): Promise<Date | undefined>;
  /**
   * Puts events in that no transaction of facts tells, each for every webhook that wants it.
   * Idempotent by their ids as long as they are there.
   */
  record(events: readonly RegistryEvent[]): Promise<void>;
  /** Notes a try. One that waits no longer stays as it is; a pull that was told is forgotten. */
  settle(delivery: Delivery, settlement: Settlement): Promise<void>;
  /**
   * Gives up what waits since before that time, also what was never tried: a page of it, the oldest
   * first. Whoever calls has tried the webhook. @returns how many
   */
  giveUp(webhook: string, given: { readonly before: Date; readonly at: Date }): Promise<number>;
  /** The newest first. */
  list(webhook: string, page: DeliveryPage): Promise<Delivery[]>;
  /** Of one webhook, or of all. */
  count(webhook?: string): Promise<OutboxCount>;
  /**
   * Drops what is above so many deliveries of a webhook: those that were told, and then pulls, the
   * oldest first of either; nothing else ever. A page of them. @returns how many pulls
   */
  trim(webhook: string, most: number): Promise<number>;
  /**
   * Lets the delivery of the event, or each that is dead where none is named, wait as if it were
   * new. Wakes those who watch. @returns how many
   */
  redeliver(webhook: string, at: Date, event?: string): Promise<number>;
  /** Forgets deliveries that were settled before these times, a page of them. @returns how many */
  deleteSettled(before: { readonly delivered: Date; readonly dead: Date }): Promise<number>;
  /**
   * Calls the listener soon after something was put in, or a webhook changed; gives the way to stop
   * it.
   */
  watch(listener: () => void): () => void;
}
