/** How fast the workers of this process may copy, all together. */
import type { Clock } from '../../src/clock.ts';

/** A time of the day in which a rate holds; one that ends before it begins goes over midnight. */
export interface BandwidthWindow {
  /** Minutes since midnight. */
  readonly from: number;
  readonly to: number;
  /** Infinite for no limit. */
  readonly bytesPerSecond: number;
}

export class Bandwidth {
  readonly #windows: readonly BandwidthWindow[];
  readonly #clock: Clock;
  /** When the line is free again, in ms: all that was let pass has its time until then. */
  #freeAt = 0;

  constructor(windows: readonly BandwidthWindow[], clock: Clock) {
    this.#windows = windows;
    this.#clock = clock;
  }

  /** Resolves when so many bytes may pass; in the order in which they were asked for. */
  async take(bytes: number): Promise<void> {
    const now = this.#clock.now();
    const rate = this.#rateAt(now);
    if (rate === Number.POSITIVE_INFINITY) {
      this.#freeAt = 0;
      return;
    }
    const begin = Math.max(now.getTime(), this.#freeAt);
    this.#freeAt = begin + (bytes / rate) * 1000;
    if (begin > now.getTime()) await this.#clock.sleep(begin - now.getTime());
  }

  /** The first window that the time lies in says it. */
  #rateAt(now: Date): number {
    const minute = now.getHours() * 60 + now.getMinutes();
    const window = this.#windows.find(({ from, to }) => {
      return from < to ? minute >= from && minute < to : minute >= from || minute < to;
    });
    return window?.bytesPerSecond ?? Number.POSITIVE_INFINITY;
  }
}
