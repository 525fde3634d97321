/** As many requests to an upstream at once as its operator says; others wait for a while. */
import type { Clock } from '../../../clock.ts';
import { RemoteFailure } from '../../virtual/remotes.ts';

/** A question is short; a transfer lasts as long as its blob. */
export type Stay = 'question' | 'transfer';

export interface GateOptions {
  readonly clock: Clock;
  /** Of the upstream, for the sentence of the failure. */
  readonly host: string;
  readonly places: number;
  /** So long somebody waits for a place. */
  readonly waitMs: number;
}

interface Waiting {
  readonly stay: Stay;
  readonly enter: () => void;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #waiting = new Set<Waiting>();
  readonly #inside: Record<Stay, number> = { question: 0, transfer: 0 };

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * @returns what gives the place back; calling it twice does nothing
   * @throws RemoteFailure `busy` where none came free in time
   */
  async enter(stay: Stay): Promise<() => void> {
    if (!this.#hasPlace(stay)) await this.#wait(stay);
    else this.#inside[stay] += 1;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#inside[stay] -= 1;
      this.#admit();
    };
  }

  /** Transfers leave one place to the questions, where there are two. */
  #hasPlace(stay: Stay): boolean {
    const { places } = this.#options;
    const { question, transfer } = this.#inside;
    if (question + transfer >= places) return false;
    return stay === 'question' || transfer < Math.max(1, places - 1);
  }

  /** Whoever came first goes first, transfers that would take the last place left out. */
  #admit(): void {
    for (const waiting of this.#waiting) {
      if (!this.#hasPlace(waiting.stay)) continue;
      this.#waiting.delete(waiting);
      this.#inside[waiting.stay] += 1;
      waiting.enter();
    }
  }

  async #wait(stay: Stay): Promise<void> {
    const { clock, waitMs, host, places } = this.#options;
    const over = new AbortController();
    let waiting: Waiting | undefined;
    const entered = new Promise<void>((resolve) => {
      waiting = { stay, enter: resolve };
      this.#waiting.add(waiting);
    });
    await Promise.race([entered, clock.sleep(waitMs, over.signal).catch(() => undefined)]);
    over.abort();
    // Whoever does not wait any more has been given a place, be it at the last moment.
    if (!this.#waiting.delete(waiting!)) return;
    throw new RemoteFailure('busy', `${places} requests to ${host} are under way already`);
  }
}
