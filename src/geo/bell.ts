/**
 * A bell: one side rings when there is something to do, the other waits for it, but not for ever.
 */
import type { Clock } from '../clock.ts';

export class Bell {
  readonly #clock: Clock;
  #isRung = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes who waits, or lets the next one not wait at all. */
  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /**
   * Resolves when the bell was rung since the last wait, the time is over, or the signal aborts.
   * @returns whether it was rung
   */
  async wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const ended = new AbortController();
    const end = () => ended.abort();
    this.#wake = end;
    signal.addEventListener('abort', end, { once: true });
    if (this.#isRung || signal.aborted) end();
    await this.#clock.sleep(milliseconds, ended.signal).catch(() => undefined);
    signal.removeEventListener('abort', end);
    this.#wake = undefined;
    const isRung = this.#isRung;
    this.#isRung = false;
    return isRung;
  }
}
