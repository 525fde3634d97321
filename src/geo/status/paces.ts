/** How fast bytes come to a site, and how fast what it lacks becomes less. */
import { Pace } from './pace.ts';

/** What an operator watches. */
const NOW_MS = 30_000;

/** What an estimate builds on: a slow minute of a disk is no reason to promise another hour. */
const LASTING_MS = 300_000;

/** In bytes, at one moment. */
export interface Progress {
  /** Of what came and was proven, since the counting began. */
  readonly counted: number;
  /** Of transfers under way. */
  readonly staged: number;
  /** Wanted and not yet proven. */
  readonly lacking: number;
}

export interface PaceFigures {
  /** Over the last half minute. */
  readonly bytesPerSecond: number;
  /** How fast less is lacking, over five minutes; where more is, how fast bytes come. */
  readonly bytesGainedPerSecond: number;
}

export class Paces {
  readonly #now = new Pace(NOW_MS);
  readonly #came = new Pace(LASTING_MS);
  readonly #wanted = new Pace(LASTING_MS);

  note(at: Date, { counted, staged, lacking }: Progress): void {
    for (const pace of [this.#now, this.#came]) pace.note(at, { counted, held: staged });
    this.#wanted.note(at, { counted, held: lacking });
    // Nothing was to come, or much became wanted at once, as at a site that joins: that is no pace.
    if (this.#wanted.perSecond() >= this.#came.perSecond()) {
      this.#came.forget();
      this.#wanted.forget();
    }
  }

  read(): PaceFigures {
    const bytesPerSecond = Math.max(this.#now.perSecond(), 0);
    const gained = this.#came.perSecond() - this.#wanted.perSecond();
    return { bytesPerSecond, bytesGainedPerSecond: gained > 0 ? gained : bytesPerSecond };
  }
}
