/**
 * One process of a site leads: it alone follows, copies and keeps up. When it dies, another does.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../src/clock.ts';
import type { Log } from '../src/log.ts';
import type { Leases } from '../src/storage/leases.ts';

export interface LeadOptions {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process, unlike every other. */
  readonly holder: string;
}

export type Task = (signal: AbortSignal) => Promise<void>;

const NAME = 'replication';
/** So long at most nobody leads after a leader was killed, and a renewal more. */
const LEASE_MS = 6000;
const RENEWAL_MS = 1500;

/** Runs the task whenever this process leads, until the signal aborts. Never throws. */
export async function lead(options: LeadOptions, task: Task, signal: AbortSignal): Promise<void> {
  const { clock, leases, holder, log } = options;
  while (!signal.aborted) {
    if (await isTaken(options)) {
      log.info('this process leads the replication of its site');
      await runWhileLeading(options, task, signal);
    } else await clock.sleep(RENEWAL_MS, signal).catch(() => undefined);
  }
  await leases.release(NAME, holder).catch(() => undefined);
}

async function runWhileLeading(
  options: LeadOptions,
  task: Task,
  signal: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const until = AbortSignal.any([signal, lost.signal]);
  // Each of the many parts of the task waits on it.
  setMaxListeners(0, until);
  const running = task(until).catch((error: unknown) => {
    options.log.error({ err: error }, 'replication ended');
    lost.abort();
  });
  await keepLease(options, AbortSignal.any([signal, lost.signal]));
  lost.abort();
  await running;
}

/** Resolves when the lease is lost. A store that is away for a moment has not taken it from us. */
async function keepLease({ clock, ...options }: LeadOptions, signal: AbortSignal): Promise<void> {
  let until = clock.now().getTime() + LEASE_MS;
  while (!signal.aborted) {
    await clock.sleep(RENEWAL_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    const asked = clock.now().getTime();
    if (await isTaken({ clock, ...options })) until = asked + LEASE_MS;
    else if (clock.now().getTime() + RENEWAL_MS > until) return;
  }
}

async function isTaken({ leases, holder, log }: LeadOptions): Promise<boolean> {
  try {
    return await leases.take(NAME, holder, LEASE_MS);
  } catch (error) {
    log.warn({ err: error }, 'the lease of the leader cannot be asked for');
    return false;
  }
}
