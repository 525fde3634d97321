/**
 * One question for all who ask the same at once: those of this process share it, and the processes
 * of the site take turns by a lease, the later ones finding what the first one wrote down (A37).
 */
import type { Clock } from '../../clock.ts';
import type { Randomness } from '../../randomness.ts';
import type { Leases } from '../../storage/leases.ts';

interface Dependencies {
  readonly leases: Leases;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly randomness: Pick<Randomness, 'uuid'>;
}

export interface Flight<T> {
  /** Who has the same key in this process shares the outcome. */
  readonly key: string;
  /** One process at a time asks under the same name. */
  readonly lease: string;
  /** What is known already; `undefined` where it must be asked. */
  readonly look: () => Promise<T | undefined>;
  readonly ask: () => Promise<T>;
}

/** A slower upstream is asked by a second process too, which harms nothing. */
const LEASE_MS = 15_000;
/** How soon the others see what came of it. */
const LOOK_MS = 50;

export class SingleFlight {
  readonly #leases: Leases;
  readonly #clock: Dependencies['clock'];
  readonly #randomness: Dependencies['randomness'];
  readonly #running = new Map<string, Promise<unknown>>();

  constructor({ leases, clock, randomness }: Dependencies) {
    this.#leases = leases;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /** @throws what `ask` throws, to all who share it; StorageUnavailable */
  async take<T>(flight: Flight<T>): Promise<T> {
    return this.share(flight.key, () => this.#takeTurn(flight));
  }

  /** Of this process alone. */
  async share<T>(key: string, task: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) as Promise<T> | undefined;
    if (running) return running;
    const begun = task().finally(() => this.#running.delete(key));
    this.#running.set(key, begun);
    return begun;
  }

  async #takeTurn<T>({ lease, look, ask }: Flight<T>): Promise<T> {
    const holder = this.#randomness.uuid();
    for (;;) {
      const isOurs = await this.#leases.take(lease, holder, LEASE_MS);
      try {
        const seen = await look();
        if (seen !== undefined) return seen;
        if (isOurs) return await ask();
      } finally {
        if (isOurs) await this.#leases.release(lease, holder);
      }
      await this.#clock.sleep(LOOK_MS);
    }
  }
}
