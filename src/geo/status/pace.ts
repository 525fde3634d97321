/** How fast a growing number grows, over the last half minute. */

const WINDOW_MS = 30_000;

interface Reading {
  readonly atMs: number;
  readonly value: number;
}

export class Pace {
  #readings: Reading[] = [];

  /** Notes the number as it is now. One that fell was begun anew, and its past says nothing. */
  note(at: Date, value: number): void {
    const atMs = at.getTime();
    const last = this.#readings.at(-1);
    if (last && (value < last.value || atMs < last.atMs)) this.#readings = [];
    this.#readings.push({ atMs, value });
    // The newest of those before the window stays: the window begins at it.
    const begin = this.#readings.findLastIndex((each) => each.atMs <= atMs - WINDOW_MS);
    if (begin > 0) this.#readings.splice(0, begin);
  }

  /** 0 until two numbers were noted. */
  perSecond(): number {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (!first || !last || last.atMs === first.atMs) return 0;
    return ((last.value - first.value) / (last.atMs - first.atMs)) * 1000;
  }
}
