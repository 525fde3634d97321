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
  readonly outbox: QueueOptions['outbox'] & Pick<Outbox, 'watch'>;
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
  while (!signal.aborted) {
    try {
      const enabled = (await webhooks.list()).filter(({ isEnabled }) => isEnabled);
      for (const { name } of enabled) if (!running.has(name)) start(name);
    } catch (error) {
      log.warn({ err: error }, 'the webhooks cannot be read now');
    }
    await bell.wait(LOOK_MS, signal);
  }
  stopWatching();
  await Promise.all([...running.values()].map(({ ended }) => ended));
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
