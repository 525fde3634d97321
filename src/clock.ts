/** Time and waiting, given to whoever needs them, so that tests need neither. */
import { setTimeout as wait } from 'node:timers/promises';

export interface Clock {
  now(): Date;
  /** Milliseconds since some moment. Unlike the time of day, never set and never going back. */
  elapsedMs(): number;
  /**
   * Resolves after that many milliseconds; rejects with the signal's reason when it aborts first.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  sleep: (milliseconds, signal) => wait(milliseconds, undefined, signal ? { signal } : {}),
};
