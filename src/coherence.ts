/**
 * Memory that is never stale.
 *
 * Several processes and machines write to one site, so what a process remembers of the facts may be
 * old. The change log says what became of them: before each use the process asks for the log's
 * head, and where that has moved it reads the changes between and lets its memories forget what
 * they name. A read that begins after a write was acknowledged therefore sees it, at any machine of
 * the site (T27, A50), for the price of one query of one row, shared by all requests that wait at
 * that moment.
 */
import type { Change, ChangeLog, LogHead } from './storage/change-log.ts';

/** Someone who remembers facts. */
export interface Memory {
  /** Forgets what the change makes untrue. */
  forget(change: Change): void;
  /** Forgets everything. */
  clear(): void;
}

/** Further behind than this, forgetting everything is cheaper than reading the changes. */
const MAX_CHANGES_READ = 1000;

export class Coherence {
  readonly #changeLog: ChangeLog;
  readonly #memories: Memory[] = [];
  #position = 0;
  /** See `LogHead.repairs`. */
  #repairs = 0;
  #catchingUp: Promise<void> | undefined;

  constructor(changeLog: ChangeLog) {
    this.#changeLog = changeLog;
  }

  /**
   * Up to where all memories are true: it grows with each change, and with each repair of facts
   * beside the log, so two that are equal name one state.
   */
  get position(): number {
    return this.#position + this.#repairs;
  }

  /** The same, without the repairs: a position of the change log. */
  get logPosition(): number {
    return this.#position;
  }

  add(memory: Memory): void {
    this.#memories.push(memory);
  }

  /**
   * Makes every memory true as of some moment after the call; or after the request began, where it
   * hands on the position that it got here before: one request asks for the head once.
   *
   * @returns the position up to which all memories are true
   */
  async catchUp(asOf?: number): Promise<number> {
    if (asOf !== undefined && asOf <= this.position) return this.position;
    const { position: head, repairs = 0 } = await this.#changeLog.readHead();
    if (repairs > this.#repairs) this.#forgetAll({ position: this.#position, repairs });
    while (this.#position < head) {
      // Set back behind this line, also where all was forgotten at once.
      this.#catchingUp ??= this.#readOn(head).finally(() => (this.#catchingUp = undefined));
      await this.#catchingUp;
    }
    return this.position;
  }

  async #readOn(head: number): Promise<void> {
    if (head - this.#position > MAX_CHANGES_READ) this.#forgetAll({ position: head });
    else this.#forgetEach(await this.#readChanges(head), head);
  }

  #readChanges(head: number): Promise<Change[]> {
    return this.#changeLog.list({ after: this.#position, limit: head - this.#position });
  }

  #forgetAll({ position, repairs = this.#repairs }: LogHead): void {
    for (const memory of this.#memories) memory.clear();
    this.#position = position;
    this.#repairs = repairs;
  }

  /** Where changes are missing, since the log was trimmed or began anew, all may be untrue. */
  #forgetEach(changes: readonly Change[], head: number): void {
    const first = this.#position + 1;
    const isWhole = changes.every(({ position }, index) => position === first + index);
    if (!isWhole || changes.length === 0) return this.#forgetAll({ position: head });
    for (const change of changes) {
      for (const memory of this.#memories) memory.forget(change);
      this.#position = change.position;
    }
  }
}
