/**
 * Tells webhooks what happened: a queue for each, for as long as there is such a webhook. What is
 * to be told lies in the outbox, so nothing is lost with this process.
 */
import { Bell } from '../../src/geo/bell.ts';
import type { Outbox } from '../../src/storage/events/outbox.ts';
import type { Webhooks } from '../../src/storage/events/webhooks.ts';
import { type QueueOptions, WebhookQueue } from './queue.ts';

export interface NotifyOptions extends QueueOptions {
  readonly webhooks: Pick<Webhooks, 'find' | 'list'>;
  readonly outbox: QueueOptions['outbox'] & Pick<Outbox, 'trim' | 'watch'>;
  /** How many deliveries of one webhook are kept, as far as pulls can be dropped. */
  readonly webhookOutbox: number;
}

/** The outbox rings the bells; this is for a call that was lost, and for a store that was away. */
const LOOK_MS = 10_000;
const RETRY_MS = 2000;

interface Running {
  readonly bell: Bell;
  readonly ended: Promise<void>;
}

/** Tells until the signal aborts. Never throws. */
export async function notify(options: NotifyOptions, signal: AbortSignal): Promise<void> {
  const { outbox, webhooks, clock, log } = options;
  const bell = new Bell(clock);
  const running = new Map<string, Running>();
  const start = (name: string): void => {
    const queue = { queue: new WebhookQueue(name, options), bell: new Bell(clock) };
    const end = () => {
      running.delete(name);
      bell.ring();
    };
    const ended = work(queue, options, signal).then(end);
    running.set(name, { bell: queue.bell, ended });
  };
  const stopWatching = outbox.watch(() => {
    for (const queue of [{ bell }, ...running.values()]) queue.bell.ring();
  });
  let trimmedMs = -Infinity;
  while (!signal.aborted) {
    try {
      const known = await webhooks.list();
      for (const { name, isEnabled } of known) if (isEnabled && !running.has(name)) start(name);
      if (clock.elapsedMs() - trimmedMs >= LOOK_MS) {
        for (const { name } of known) await trim(name, options);
        trimmedMs = clock.elapsedMs();
      }
    } catch (error) {
      log.warn({ err: error }, 'the webhooks cannot be read now');
    }
    await bell.wait(LOOK_MS, signal);
  }
  stopWatching();
  await Promise.all([...running.values()].map(({ ended }) => ended));
}

/** Keeps the outbox of a webhook within its bound, which whoever cannot be told may reach (A51). */
async function trim(webhook: string, { outbox, webhookOutbox, log }: NotifyOptions): Promise<void> {
  const pulls = await outbox.trim(webhook, webhookOutbox);
  if (pulls > 0) log.warn({ webhook, pulls }, 'pulls are not told: their outbox is full');
}

/** Works a queue off until its webhook is gone or disabled, or the signal aborts. */
async function work(
  { queue, bell }: { readonly queue: WebhookQueue; readonly bell: Bell },
  { clock, log }: NotifyOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const waitMs = await queue.run(signal);
      if (waitMs === undefined) return;
      await bell.wait(waitMs, signal);
    } catch (error) {
      log.warn({ err: error }, 'the outbox cannot be read now');
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}
