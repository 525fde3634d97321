/**
 * A breaker: once a line has failed, requests fail at once instead of each waiting out its own
 * timeout, until a probe in the background finds that the line answers again. Nobody waits for a
 * probe but who has nobody else to ask, and who comes right after the line broke.
 */
import type { Clock } from '../../clock.ts';
import { UpstreamFailure } from '../upstream.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;

/** So long a line that fell silent may be a registry that was held up for a moment. */
const GRACE_MS = 3000;

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
  #heardMs = Number.NEGATIVE_INFINITY;
  #brokenMs = Number.NEGATIVE_INFINITY;
  #mending: Promise<void> = Promise.resolve();

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Lets a request pass. @throws UpstreamFailure while the line is known to be broken. */
  admit(): void {
    if (this.#isBroken) throw new UpstreamFailure(`${this.#options.name} cannot be reached now`);
  }

  /**
   * Waits while the line is broken, but no longer than until it was so for {@link GRACE_MS}.
   * @returns whether it was broken and is whole now. Never fails.
   */
  async outlast(): Promise<boolean> {
    const { clock } = this.#options;
    const leftMs = this.#brokenMs + GRACE_MS - clock.elapsedMs();
    if (!this.#isBroken || leftMs <= 0) return false;
    const mended = new AbortController();
    const signal = AbortSignal.any([mended.signal, this.#closed.signal]);
    const waiting = clock.sleep(leftMs, signal).catch(() => undefined);
    await Promise.race([waiting, this.#mending]);
    mended.abort();
    return !this.#isBroken;
  }

  /** When anything was heard last, by the clock that is never set. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Something came from behind the line: it is alive. */
  hear(): void {
    this.#heardMs = this.#options.clock.elapsedMs();
  }

  /**
   * A request failed that waited since then. Where anything else was heard meanwhile it was that
   * request alone, which a busy registry was too slow for; otherwise the line broke. Requests that
   * were under way when it did count once, all together.
   * @returns whether the line is known to be broken from now on
   */
  fail(sinceMs: number): boolean {
    const wasKnown = this.#isBroken || this.#closed.signal.aborted;
    if (wasKnown || this.#heardMs > sinceMs) return false;
    this.#isBroken = true;
    this.#brokenMs = this.#options.clock.elapsedMs();
    this.#mending = this.#mend();
    return true;
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
