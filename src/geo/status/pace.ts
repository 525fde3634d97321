/** How fast an amount grows, over the last so many milliseconds. */

/** At one moment. */
export interface Amount {
  /** Only grows, but where its counting begins anew: such a fall is no change. */
  readonly counted: number;
  /** What comes and goes beside it. */
  readonly held: number;
}

interface Reading {
  readonly atMs: number;
  readonly value: number;
}

export class Pace {
  readonly #windowMs: number;
  #readings: Reading[] = [];
  #counted: number | undefined;
  #grown = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Notes the amount as it is now. A clock that was set back says nothing of the past. */
  note(at: Date, { counted, held }: Amount): void {
    const atMs = at.getTime();
    if (atMs < (this.#readings.at(-1)?.atMs ?? 0)) this.#readings = [];
    this.#grown += Math.max(counted - (this.#counted ?? counted), 0);
    this.#counted = counted;
    this.#readings.push({ atMs, value: this.#grown + held });
    // The newest of those before the window stays: the window begins at it.
    const begin = this.#readings.findLastIndex((each) => each.atMs <= atMs - this.#windowMs);
    if (begin > 0) this.#readings.splice(0, begin);
  }

  /** What was noted before the last time no longer counts. */
  forget(): void {
    this.#readings.splice(0, this.#readings.length - 1);
  }

  /** 0 until two amounts were noted; below 0 where it became less. */
  perSecond(): number {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (!first || !last || last.atMs === first.atMs) return 0;
    return ((last.value - first.value) / (last.atMs - first.atMs)) * 1000;
  }
}
