/**
 * A breaker: once a line has failed, requests fail at once instead of each waiting out its own
 * timeout, until a probe in the background finds that the line answers again. No client ever waits
 * for a probe.
 */
import type { Clock } from '../../clock.ts';
import { UpstreamFailure } from '../upstream.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;

export interface BreakerOptions {
  readonly clock: Clock;
  /** What is behind the line, for the sentence of the failure. */
  readonly name: string;
  /** Resolves where there is any answer at all. */
  readonly probe: () => Promise<void>;
}

export class Breaker {
  readonly #options: BreakerOptions;
  readonly #closed = new AbortController();
  #isBroken = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Lets a request pass. @throws UpstreamFailure while the line is known to be broken. */
  admit(): void {
    if (this.#isBroken) throw new UpstreamFailure(`${this.#options.name} cannot be reached now`);
  }

  /** The line broke. Requests that were under way when it did count once, all together. */
  fail(): void {
    if (this.#isBroken || this.#closed.signal.aborted) return;
    this.#isBroken = true;
    void this.#mend();
  }

  /** Ends the probing. */
  close(): void {
    this.#closed.abort();
  }

  async #mend(): Promise<void> {
    const { clock, probe } = this.#options;
    const { signal } = this.#closed;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#isBroken && !signal.aborted) {
      try {
        await clock.sleep(pauseMs, signal);
        await probe();
        this.#isBroken = false;
      } catch {
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }
}
