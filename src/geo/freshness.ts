/**
 * May this site answer by itself? The watermark says: the primary's feed proves how long ago
 * nothing lay behind this site's position. See docs/decisions/0013.
 */
import type { Clock } from '../clock.ts';
import type { Consistency } from '../oci/consistency.ts';
import type { Standing } from '../registry/elsewhere.ts';
import type { ChangeLog } from '../storage/change-log.ts';
import type { Passage } from './passage.ts';

export interface FreshnessSettings {
  /** For requests that ask for none themselves. */
  readonly consistency: Consistency;
  /** What becomes of this site's own answer, where the primary had to be asked and is away. */
  readonly whenPrimaryAway: 'serve-stale' | 'refuse';
}

interface Dependencies {
  readonly changeLog: Pick<ChangeLog, 'readHead'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
  /** Says what was written through this site and has not come back to it. */
  readonly passage: Pick<Passage, 'owed'>;
}

/** A proof as it is remembered: it ages by the clock of this process. */
interface Watermark {
  readonly position: number;
  readonly provenAtMs: number | undefined;
  readonly readAtMs: number;
}

/** The bound where neither the request nor the site says one. */
const MAX_AGE_MS = 10_000;

/**
 * The remembered proof serves for so long. It is true for ever; but a newer one, of which there is
 * one each second, says a truer age.
 */
const REMEMBERED_MS = 250;

/**
 * One that was too old already when it was read is not read again for so long: while the primary is
 * away nothing newer comes, and each pull of a tag would cost a query.
 */
const TOO_OLD_MS = 50;

export class Freshness {
  readonly #changeLog: Dependencies['changeLog'];
  readonly #clock: Dependencies['clock'];
  readonly #settings: FreshnessSettings;
  readonly #passage: Dependencies['passage'];
  #last: Watermark | undefined;
  #reading: Promise<Watermark> | undefined;

  constructor({ changeLog, clock, passage }: Dependencies, settings: FreshnessSettings) {
    this.#passage = passage;
    this.#changeLog = changeLog;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** Whether an answer of this site's own is better than none while the primary is away. */
  get mayBeStale(): boolean {
    return this.#settings.whenPrimaryAway === 'serve-stale';
  }

  /** How this site stands now, towards what is wanted. Seldom costs a query. */
  async judge(wanted: Consistency = this.#settings.consistency): Promise<Standing> {
    const consistency = withBound(wanted, this.#settings.consistency);
    const askedAtMs = this.#clock.elapsedMs();
    const remembered = this.#last;
    const isRecent = remembered && askedAtMs - remembered.readAtMs < REMEMBERED_MS;
    if (isRecent) {
      const standing = this.#stand(remembered, consistency);
      if (standing.mayAnswer || consistency.mode === 'strong') return standing;
      const isJustRead = askedAtMs - remembered.readAtMs < TOO_OLD_MS;
      if (isJustRead && wasTooOld(remembered, consistency)) return standing;
    }
    return this.#stand(await this.#read(), consistency);
  }

  #stand({ position, provenAtMs }: Watermark, consistency: Consistency): Standing {
    const ageMs = provenAtMs === undefined ? undefined : this.#clock.elapsedMs() - provenAtMs;
    const hasOwn = consistency.mode === 'eventual' || position >= this.#passage.owed;
    return {
      mayAnswer: hasOwn && decide(consistency, ageMs) === 'local',
      isStrong: consistency.mode === 'strong',
      position,
      ...(ageMs === undefined ? {} : { ageMs }),
    };
  }

  /** Shared by all who ask meanwhile: a proof that is a little older is no less true. */
  #read(): Promise<Watermark> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** The time is taken before the question: a proof is never thought younger than it is. */
  async #readOnce(): Promise<Watermark> {
    const readAtMs = this.#clock.elapsedMs();
    const { position, ageMs } = await this.#changeLog.readHead();
    const provenAtMs = ageMs === undefined ? undefined : readAtMs - ageMs;
    this.#last = { position, provenAtMs, readAtMs };
    return this.#last;
  }
}

/** Where an answer is to be had, as old as this site's own would be. */
export function decide(consistency: Consistency, ageMs: number | undefined): 'local' | 'primary' {
  if (consistency.mode === 'eventual') return 'local';
  if (consistency.mode === 'strong' || ageMs === undefined) return 'primary';
  return ageMs < (consistency.maxAgeMs ?? MAX_AGE_MS) ? 'local' : 'primary';
}

/** Whether it was so when it was read, too. */
function wasTooOld({ provenAtMs, readAtMs }: Watermark, consistency: Consistency): boolean {
  return (
    decide(consistency, provenAtMs === undefined ? undefined : readAtMs - provenAtMs) === 'primary'
  );
}

/** "bounded" without a number is bounded as the site is. */
function withBound(wanted: Consistency, settled: Consistency): Consistency {
  const isOpen = wanted.mode === 'bounded' && wanted.maxAgeMs === undefined;
  return isOpen && settled.mode === 'bounded' ? settled : wanted;
}
