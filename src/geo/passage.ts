/**
 * Read your writes at a secondary: a write that was passed on is answered only after the change
 * that it made is here too, so that no later read at this site finds what was before.
 */
import type { Clock } from '../clock.ts';
import type { ChangeLog } from '../storage/change-log.ts';
import { Bell } from './bell.ts';

interface Dependencies {
  readonly changeLog: Pick<ChangeLog, 'head' | 'watch'>;
  readonly clock: Clock;
}

/** A write is not held back for longer, however far this site lags. */
const PATIENCE_MS = 5000;

/** Header of a primary's answer: the position of its log, in which the write is. */
export const POSITION_HEADER = 'meridian-position';

/** Header by which a secondary has an upload's `Location` lead the client to the primary itself. */
export const WRITES_HEADER = 'meridian-writes';

export class Passage {
  readonly #changeLog: Dependencies['changeLog'];
  readonly #clock: Clock;
  #owed = 0;

  constructor({ changeLog, clock }: Dependencies) {
    this.#changeLog = changeLog;
    this.#clock = clock;
  }

  /** Position of this site's log: at a primary, of what it has just written or something later. */
  getPosition(): Promise<number> {
    return this.#changeLog.head();
  }

  /**
   * The last position that a client of this process was not let wait for any longer: before it has
   * come, this site's own facts are older than what was written through it.
   */
  get owed(): number {
    return this.#owed;
  }

  /** Resolves when this site has the position, or the patience is over. @returns whether it has. */
  async waitFor(position: number): Promise<boolean> {
    const bell = new Bell(this.#clock);
    const stopWatching = this.#changeLog.watch(() => bell.ring());
    const deadlineMs = this.#clock.elapsedMs() + PATIENCE_MS;
    const never = new AbortController().signal;
    try {
      for (;;) {
        if ((await this.#changeLog.head()) >= position) return true;
        const leftMs = deadlineMs - this.#clock.elapsedMs();
        if (leftMs <= 0) break;
        await bell.wait(leftMs, never);
      }
      this.#owed = Math.max(this.#owed, position);
      return false;
    } finally {
      stopWatching();
    }
  }
}
