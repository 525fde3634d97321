/** When images were pulled: gathered, and written in batches; no pull waits for it, or fails. */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { type ImagePulls, type Pull, sumUp } from '../../storage/tree/pulls.ts';

interface Dependencies {
  readonly imagePulls: Pick<ImagePulls, 'record'>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  readonly log: Log;
}

const FLUSH_MS = 1000;
/** More different ones than this are not held: those beyond count as pulled a little earlier. */
const MAX_HELD = 10_000;

export class PullNotes {
  readonly #imagePulls: Dependencies['imagePulls'];
  readonly #clock: Dependencies['clock'];
  readonly #log: Log;
  readonly #closing = new AbortController();
  /** The latest of each image and tag that is not written yet. */
  #held = new Map<string, Pull>();
  #flushing: Promise<void> | undefined;

  constructor({ imagePulls, clock, log }: Dependencies) {
    this.#imagePulls = imagePulls;
    this.#clock = clock;
    this.#log = log;
  }

  /** That it was pulled now. Written within seconds; to lose one with the process harms little. */
  note({ repository, digest, tag }: Omit<Pull, 'at'>): void {
    const key = `${repository} ${digest} ${tag}`;
    if (this.#held.size >= MAX_HELD && !this.#held.has(key)) return;
    const named = tag === undefined ? {} : { tag };
    this.#held.set(key, { repository, digest, ...named, at: this.#clock.now() });
    this.#flushing ??= this.#flushSoon().finally(() => (this.#flushing = undefined));
  }

  /** Writes what is held. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#flushing;
  }

  async #flushSoon(): Promise<void> {
    await this.#clock.sleep(FLUSH_MS, this.#closing.signal).catch(() => undefined);
    const held = this.#held;
    this.#held = new Map();
    try {
      await this.#imagePulls.record(sumUp(held.values()));
    } catch (error) {
      this.#log.warn({ err: error, pulls: held.size }, 'pulls could not be noted');
    }
  }
}
