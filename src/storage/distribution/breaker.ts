/**
 * A breaker: once a line has failed, further requests fail at once for a while instead of each waiting
 * out its own timeout; then one of them tries again.
 */
import type { Clock } from '../../clock.ts';
import { UpstreamFailure } from '../upstream.ts';

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 8000;

export class Breaker {
  readonly #clock: Clock;
  readonly #name: string;
  /** 0 while the line is whole. */
  #pauseMs = 0;
  #pauseEndsAt = 0;
  #isTrying = false;

  /** @param name what is behind the line, for the sentence of the failure */
  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.#name = name;
  }

  /** Lets a request pass. @throws UpstreamFailure while the line is known to be broken. */
  admit(): void {
    if (this.#pauseMs === 0) return;
    const now = this.#clock.now().getTime();
    if (now < this.#pauseEndsAt) throw new UpstreamFailure(`${this.#name} cannot be reached now`);
    // This one tries; the others fail until it is known what came of it, or for one more pause.
    this.#isTrying = true;
    this.#pauseEndsAt = now + this.#pauseMs;
  }

  /** The line answered. */
  succeed(): void {
    this.#pauseMs = 0;
    this.#isTrying = false;
  }

  /** The line broke. Requests that were under way when it did count once, all together. */
  fail(): void {
    if (this.#pauseMs > 0 && !this.#isTrying) return;
    this.#isTrying = false;
    this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2), MAX_PAUSE_MS);
    this.#pauseEndsAt = this.#clock.now().getTime() + this.#pauseMs;
  }
}
