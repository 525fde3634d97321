/**
 * How upstreams fare, as this process hears it. One that said "later" is not asked before then, and
 * one that went silent not for a moment, so that not everybody waits out its silence.
 */
import type { Clock } from '../../clock.ts';
import type { Memory } from '../../coherence.ts';
import type { Log } from '../../log.ts';
import type { Change } from '../../storage/change-log.ts';
import { UpstreamFailure } from '../../storage/upstream.ts';
import { RemoteFailure } from '../../storage/virtual/remotes.ts';
import { faultOf } from '../failures.ts';
import { concernsVirtual } from '../registries.ts';

interface Dependencies {
  readonly clock: Pick<Clock, 'now' | 'elapsedMs'>;
  readonly log: Log;
}

export interface Ailment {
  readonly sentence: string;
  readonly at: Date;
}

interface Pause {
  readonly failure: UpstreamFailure;
  readonly untilMs: number;
}

/** Where a limit is used up, and nobody says for how long. */
const LIMITED_MS = 30_000;
/** Nobody is kept from an upstream for longer by what it says. */
const LONGEST_MS = 15 * 60 * 1000;
const SILENT_MS = 2000;

export class Health implements Memory {
  readonly #clock: Dependencies['clock'];
  readonly #log: Log;
  readonly #ailments = new Map<string, Ailment>();
  readonly #pauses = new Map<string, Pause>();

  constructor({ clock, log }: Dependencies) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Asks, unless the upstream is left in peace now. @throws UpstreamFailure */
  async ask<T>(upstream: string, question: () => Promise<T>): Promise<T> {
    this.#assertAskable(upstream);
    try {
      const answer = await question();
      this.#ailments.delete(upstream);
      return answer;
    } catch (error) {
      this.note(upstream, error);
      throw error;
    }
  }

  /** Marks the upstream where the error is a failure of it (A32). */
  note(upstream: string, error: unknown): void {
    // What it was left in peace for was noted when it happened.
    if (!(error instanceof UpstreamFailure) || error.cause instanceof UpstreamFailure) return;
    this.#log.warn({ err: error, upstream }, 'an upstream failed');
    this.#ailments.set(upstream, { sentence: error.message, at: this.#clock.now() });
    const pauseMs = pauseOf(error);
    if (pauseMs === 0) return;
    this.#pauses.set(upstream, { failure: error, untilMs: this.#clock.elapsedMs() + pauseMs });
  }

  /** How it failed last, where it has not answered since. */
  find(upstream: string): Ailment | undefined {
    return this.#ailments.get(upstream);
  }

  /** Where settings changed, what was heard before may not hold any more. */
  forget(change: Change): void {
    if (concernsVirtual(change)) this.clear();
  }

  clear(): void {
    this.#ailments.clear();
    this.#pauses.clear();
  }

  #assertAskable(upstream: string): void {
    const pause = this.#pauses.get(upstream);
    if (!pause) return;
    const leftMs = pause.untilMs - this.#clock.elapsedMs();
    if (leftMs <= 0) this.#pauses.delete(upstream);
    else {
      const { failure } = pause;
      const options = { retryAfterSeconds: Math.ceil(leftMs / 1000), cause: failure };
      throw new RemoteFailure(faultOf(failure), failure.message, options);
    }
  }
}

function pauseOf(failure: UpstreamFailure): number {
  const fault = faultOf(failure);
  if (fault === 'unreachable') return SILENT_MS;
  if (fault !== 'limited') return 0;
  const told = failure instanceof RemoteFailure ? failure.retryAfterSeconds : undefined;
  return told === undefined ? LIMITED_MS : Math.min(told * 1000, LONGEST_MS);
}
