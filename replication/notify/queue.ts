/**
 * The queue of one webhook: what waits for it is sent, a few at once, and again after a pause where
 * it failed. Nothing that happens here holds up another webhook.
 */
import type { Clock } from '../../src/clock.ts';
import { writeLetter } from '../../src/events/letter.ts';
import type { Log } from '../../src/log.ts';
import type { Randomness } from '../../src/randomness.ts';
import type { Courier, Reception } from '../../src/storage/events/courier.ts';
import type { Delivery, Outbox } from '../../src/storage/events/outbox.ts';
import type { Webhook, Webhooks } from '../../src/storage/events/webhooks.ts';
import { type Pace, pauseMs } from '../backoff.ts';

export interface QueueOptions {
  readonly webhooks: Pick<Webhooks, 'find'>;
  readonly outbox: Pick<Outbox, 'listDue' | 'findNextTry' | 'settle' | 'giveUp'>;
  readonly courier: Pick<Courier, 'post'>;
  /** Named in each event. */
  readonly identity: { readonly cluster: string };
  readonly site: string;
  /** After so many tries, or so long, a delivery is given up. */
  readonly webhookAttempts: number;
  readonly webhookExpiryMs: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

/** Requests to one webhook that are under way together. */
const AT_ONCE = 4;

/** Looks again so often, should a call to look have been lost. */
const LOOK_MS = 10_000;

/** How long a delivery that failed waits. */
const DELIVERY_PACE: Pace = { firstMs: 1000, longestMs: 300_000 };

/** How a webhook is treated that does not say so itself. */
const THRESHOLD = 3;
const BACKOFF_MS = 1000;
const LONGEST_REST_MS = 60_000;

export class WebhookQueue {
  readonly #name: string;
  readonly #options: QueueOptions;
  /** Rounds without an answer, one after the other. */
  #failures = 0;
  /** Milliseconds of the clock's `elapsedMs` before which nothing is sent. */
  #restUntilMs = 0;
  /** The last subject that had its turn. */
  #behind = '';

  /** @param name of the webhook */
  constructor(name: string, options: QueueOptions) {
    this.#name = name;
    this.#options = options;
  }

  /**
   * Sends what is due, one round of it.
   * @returns after how many milliseconds there may be more; `undefined` where the webhook is gone
   * or disabled
   */
  async run(signal: AbortSignal): Promise<number | undefined> {
    const { webhooks, clock } = this.#options;
    const webhook = await webhooks.find(this.#name);
    if (!webhook?.isEnabled) return undefined;
    const restMs = this.#restUntilMs - clock.elapsedMs();
    if (restMs > 0) return restMs;
    const isFailing = this.#failures >= (webhook.threshold ?? THRESHOLD);
    const at = clock.now();
    if (isFailing) await this.#giveUpOld(at);
    const due = await this.#listDue(at, isFailing ? 1 : AT_ONCE);
    if (due.length === 0) return this.#untilNext(at);
    const done = await Promise.all(due.map((delivery) => this.#tell(delivery, webhook, signal)));
    return this.#rest(webhook, done.some(isAnswer));
  }

  /** Each subject in its turn, so that one of which much waits does not keep the others waiting. */
  async #listDue(at: Date, limit: number): Promise<Delivery[]> {
    const { outbox } = this.#options;
    let due = await outbox.listDue(this.#name, { at, limit, behind: this.#behind });
    if (due.length === 0 && this.#behind !== '') {
      due = await outbox.listDue(this.#name, { at, limit });
    }
    this.#behind = due.at(-1)?.event.subject ?? '';
    return due;
  }

  /** Tried one by one now and then, they would come to be faster than they go (A51). */
  async #giveUpOld(at: Date): Promise<void> {
    const { outbox, log, webhookExpiryMs } = this.#options;
    const before = new Date(at.getTime() - webhookExpiryMs);
    for (let deliveries = 1; deliveries > 0; ) {
      deliveries = await outbox.giveUp(this.#name, { before, at });
      if (deliveries > 0) log.warn({ webhook: this.#name, deliveries }, 'deliveries are given up');
    }
  }

  async #untilNext(at: Date): Promise<number> {
    const next = await this.#options.outbox.findNextTry(this.#name, at);
    return next ? Math.min(LOOK_MS, next.getTime() - at.getTime()) : LOOK_MS;
  }

  /** @returns how long the webhook is left alone now. */
  #rest({ threshold = THRESHOLD, backoffMs = BACKOFF_MS }: Webhook, isAnswering: boolean): number {
    const { clock, randomness, log } = this.#options;
    this.#failures = isAnswering ? 0 : this.#failures + 1;
    const beyond = this.#failures - threshold;
    if (beyond === 0) log.warn({ webhook: this.#name }, 'a webhook does not answer');
    const pace = { firstMs: backoffMs, longestMs: Math.max(backoffMs, LONGEST_REST_MS) };
    const restMs = beyond < 0 ? 0 : pauseMs(pace, beyond + 1, randomness);
    this.#restUntilMs = clock.elapsedMs() + restMs;
    return restMs;
  }

  /** One that was cut off by our own end stays as it was. */
  async #tell(delivery: Delivery, webhook: Webhook, signal: AbortSignal): Promise<Reception> {
    const { courier, outbox, clock, identity, site } = this.#options;
    const { url, timeoutMs } = webhook;
    const sender = { cluster: identity.cluster, site };
    const written = writeLetter({ ...webhook, event: delivery.event, sender, at: clock.now() });
    const reception = await courier.post({ url, timeoutMs, ...written }, signal);
    if (isTaken(reception)) {
      const message = `answered ${reception.status}`;
      await outbox.settle(delivery, { state: 'delivered', at: clock.now(), message });
    } else if (!signal.aborted) await this.#fail(delivery, reception);
    return reception;
  }

  async #fail(delivery: Delivery, reception: Reception): Promise<void> {
    const { outbox, clock, randomness, log, webhookAttempts, webhookExpiryMs } = this.#options;
    const at = clock.now();
    const tries = delivery.attempts + 1;
    const ageMs = at.getTime() - delivery.queuedAt.getTime();
    const failure = { at, ...describe(reception) };
    if (tries < webhookAttempts && ageMs < webhookExpiryMs) {
      const nextTryAt = new Date(at.getTime() + pauseMs(DELIVERY_PACE, tries, randomness));
      return outbox.settle(delivery, { state: 'waiting', ...failure, nextTryAt });
    }
    const { webhook, event } = delivery;
    log.warn({ webhook, event: event.id, tries, ...failure }, 'a delivery is given up');
    return outbox.settle(delivery, { state: 'dead', ...failure });
  }
}

function isTaken(reception: Reception): reception is { readonly status: number } {
  return 'status' in reception && reception.status >= 200 && reception.status < 300;
}

/** One event that is refused says nothing of the next; a server that is ill or busy does. */
function isAnswer(reception: Reception): boolean {
  return 'status' in reception && reception.status < 500 && reception.status !== 429;
}

const SENTENCES = {
  timeout: 'it did not answer in time',
  'no-connection': 'nobody answers at its address',
  'unknown-host': 'its name leads nowhere',
  'forbidden-address': 'its name leads to an address that is not public',
  broken: 'the connection broke, or could not be trusted',
} as const;

function describe(reception: Reception) {
  return 'status' in reception
    ? { reason: 'refused' as const, message: `answered ${reception.status}` }
    : { reason: reception.failure, message: SENTENCES[reception.failure] };
}
