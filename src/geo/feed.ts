/**
 * The feed of a primary: its changes as they commit, and a heartbeat behind those that were the
 * last at the time, and several each second while there are none.
 */
import type { Clock } from '../clock.ts';
import { RegistryError } from '../oci/error.ts';
import type { Change, ChangeLog } from '../storage/change-log.ts';
import { Bell } from './bell.ts';
import { type Heartbeat, printFeedMessage } from './feed-message.ts';
import type { SiteRole } from './role.ts';

interface Dependencies {
  readonly changeLog: Pick<ChangeLog, 'head' | 'tail' | 'list' | 'watch'>;
  readonly role: Pick<SiteRole, 'read' | 'assertPrimary'>;
  readonly clock: Clock;
}

/** So often that a site which hears all of them lags less than a second. */
const HEARTBEAT_MS = 300;

/** Rows that are read at once, and the bytes of manifests among them that are sent at once. */
const BATCH_ROWS = 500;
const BATCH_BYTES = 2 * 1024 * 1024;

export class Feed {
  readonly #changeLog: Dependencies['changeLog'];
  readonly #role: Dependencies['role'];
  readonly #clock: Clock;

  constructor({ changeLog, role, clock }: Dependencies) {
    this.#changeLog = changeLog;
    this.#role = role;
    this.#clock = clock;
  }

  /**
   * The lines behind a position, until the signal aborts. Reads on only as they are taken, so a
   * slow reader costs no memory.
   *
   * @param follower name of the site that asks: taken out of the cluster, it hears of that, and of
   * nothing behind it
   * @throws RegistryError with 409 where this site is not the primary, or the log ends before that
   * position, since whoever asks followed another log; with 410 where it begins behind it, since it
   * was trimmed.
   */
  async open(
    { after, follower }: { readonly after: number; readonly follower: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<string>> {
    const openedMs = this.#clock.elapsedMs();
    await this.#role.assertPrimary();
    const [tail, head] = [await this.#changeLog.tail(), await this.#changeLog.head()];
    if (after > head) {
      const message = `the change log of this site ends at ${head}, before position ${after}`;
      throw new RegistryError('UNSUPPORTED', { status: 409, message });
    }
    if (after < tail) {
      const message = `the change log begins at ${tail}, behind position ${after}: take a snapshot`;
      throw new RegistryError('UNSUPPORTED', { status: 410, message });
    }
    return this.#send({ after, follower, openedMs }, signal);
  }

  async *#send({ after, follower, openedMs }: Opened, signal: AbortSignal): AsyncGenerator<string> {
    const bell = new Bell(this.#clock);
    const stopWatching = this.#changeLog.watch(() => bell.ring());
    try {
      let position = after;
      while (!signal.aborted) {
        // Before the log is read: what commits while it is read may be missing in it.
        const moment = { at: this.#clock.now(), sinceOpenMs: this.#clock.elapsedMs() - openedMs };
        const { changes, isAll } = await this.#listNext(position);
        const end = changes.findIndex((change) => removes(change, follower));
        if (end !== -1) {
          yield changes
            .slice(0, end + 1)
            .map(printChange)
            .join('');
          return;
        }
        position = changes.at(-1)?.position ?? position;
        const beat = isAll ? await this.#beat({ position, ...moment }) : '';
        yield changes.map(printChange).join('') + (beat ?? '');
        if (beat === undefined) return;
        if (isAll) await bell.wait(HEARTBEAT_MS, signal);
      }
    } finally {
      stopWatching();
    }
  }

  /** `undefined` where another site is the primary now: what lies behind is known there alone. */
  async #beat(moment: Omit<Heartbeat, 'kind' | 'epoch'>): Promise<string | undefined> {
    const { role, epoch } = await this.#role.read();
    if (role !== 'primary') return undefined;
    return printFeedMessage({ kind: 'heartbeat', epoch, ...moment });
  }

  /**
   * The next changes, as many as fit; the bytes of manifests are read only for those.
   * @returns them, and whether nothing lay behind them
   */
  async #listNext(after: number): Promise<{ changes: Change[]; isAll: boolean }> {
    const listed = await this.#changeLog.list({ after, limit: BATCH_ROWS });
    const count = countFitting(listed);
    const isAll = count === listed.length && count < BATCH_ROWS;
    const some = listed.slice(0, count);
    const hasManifest = some.some(({ fact }) => fact.kind === 'manifest-recorded');
    const changes = hasManifest
      ? await this.#changeLog.list({ after, limit: count, withContent: true })
      : some;
    assertNoGap(changes, after);
    return { changes, isAll: isAll && changes.length === count };
  }
}

interface Opened {
  readonly after: number;
  readonly follower: string;
  /** When, by the clock that is never set. */
  readonly openedMs: number;
}

/** A reader that is slow enough may find the log trimmed: opening the feed again tells it so. */
function assertNoGap(changes: readonly Change[], after: number): void {
  const isWhole = changes.every(({ position }, index) => position === after + index + 1);
  if (!isWhole) throw new Error(`the change log was trimmed behind position ${after}`);
}

/** How many of the changes fit into one batch; at least one. */
function countFitting(changes: readonly Change[]): number {
  let bytes = 0;
  for (const [index, { fact }] of changes.entries()) {
    bytes += fact.kind === 'manifest-recorded' ? fact.sizeBytes : 0;
    if (bytes > BATCH_BYTES && index > 0) return index;
  }
  return changes.length;
}

function removes({ fact }: Change, site: string): boolean {
  return fact.kind === 'site-deleted' && fact.name === site;
}

function printChange(change: Change): string {
  return printFeedMessage({ kind: 'change', change });
}
