/** What an upstream said of how often it may be asked, and that it is not asked before it says. */
import type { Clock } from '../../../clock.ts';
import { type RateLimit, RemoteFailure } from '../../virtual/remotes.ts';
import type { LineAnswer } from '../line.ts';

/** Where a 429 does not say when to come back. */
const DEFAULT_REST_SECONDS = 60;

/** Longer than any window in use; a registry that says more is asked again all the same. */
const LONGEST_REST_SECONDS = 6 * 3600;

/** > ratelimit-limit: 100;w=21600 (Docker Hub, "Pull rate limit") */
const RATE = /^(\d{1,15})(?:\s*;\s*w=(\d{1,9}))?/;

export class Allowance {
  readonly #clock: Clock;
  readonly #host: string;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #rateLimit: RateLimit | undefined;

  constructor(clock: Clock, host: string) {
    this.#clock = clock;
    this.#host = host;
  }

  get rateLimit(): RateLimit | undefined {
    return this.#rateLimit;
  }

  /** @throws RemoteFailure `limited` before the time that the upstream gave. */
  assertMayAsk(): void {
    const leftMs = this.#restUntilMs - this.#clock.elapsedMs();
    if (leftMs > 0) throw this.#limited(Math.ceil(leftMs / 1000));
  }

  /** Notes what an answer says of the limit. */
  hear({ headers }: Pick<LineAnswer, 'headers'>): void {
    const limit = RATE.exec(String(headers['ratelimit-limit'] ?? ''));
    const remaining = RATE.exec(String(headers['ratelimit-remaining'] ?? ''));
    if (!limit || !remaining) return;
    this.#rateLimit = {
      limit: Number(limit[1]),
      remaining: Number(remaining[1]),
      windowSeconds: Number(limit[2] ?? remaining[2] ?? 0),
      heardAt: this.#clock.now(),
    };
  }

  /** Notes a 429. @returns the failure that it is */
  rest({ headers }: Pick<LineAnswer, 'headers'>): RemoteFailure {
    const said = parseRetryAfter(headers['retry-after'], this.#clock.now());
    const seconds = Math.min(said ?? DEFAULT_REST_SECONDS, LONGEST_REST_SECONDS);
    this.#restUntilMs = this.#clock.elapsedMs() + seconds * 1000;
    return this.#limited(seconds);
  }

  #limited(retryAfterSeconds: number): RemoteFailure {
    const message = `the limit of ${this.#host} is used up`;
    return new RemoteFailure('limited', message, { status: 429, retryAfterSeconds });
  }
}

/** > Retry-After = HTTP-date / delay-seconds (RFC 9110, 10.2.3). In seconds from now. */
export function parseRetryAfter(
  header: string | string[] | undefined,
  now: Date,
): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now.getTime()) / 1000));
}
