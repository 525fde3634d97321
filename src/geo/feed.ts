/** The feed of a primary: its changes as they commit, and a heartbeat when there are none. */
import type { Clock } from '../clock.ts';
import { RegistryError } from '../oci/error.ts';
import type { Change, ChangeLog } from '../storage/change-log.ts';
import { Bell } from './bell.ts';
import { printFeedMessage } from './feed-message.ts';
import type { SiteRole } from './role.ts';

interface Dependencies {
  readonly changeLog: Pick<ChangeLog, 'head' | 'list' | 'watch'>;
  readonly role: Pick<SiteRole, 'read'>;
  readonly clock: Clock;
}

const HEARTBEAT_MS = 1000;

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
   * @throws RegistryError with 409 where the log ends before that position: whoever asks followed
   * another log.
   */
  async open(
    { after, follower }: { readonly after: number; readonly follower: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<string>> {
    const head = await this.#changeLog.head();
    if (after > head) {
      const message = `the change log of this site ends at ${head}, before position ${after}`;
      throw new RegistryError('UNSUPPORTED', { status: 409, message });
    }
    return this.#send(after, follower, signal);
  }

  async *#send(after: number, follower: string, signal: AbortSignal): AsyncGenerator<string> {
    const bell = new Bell(this.#clock);
    const stopWatching = this.#changeLog.watch(() => bell.ring());
    try {
      let position = after;
      while (!signal.aborted) {
        const at = this.#clock.now();
        const listed = await this.#listNext(position);
        const end = listed.findIndex((change) => removes(change, follower));
        const changes = end === -1 ? listed : listed.slice(0, end + 1);
        position = changes.at(-1)?.position ?? position;
        if (changes.length > 0) {
          yield changes.map(printChange).join('');
          if (end !== -1) return;
        } else {
          const { epoch } = await this.#role.read();
          yield printFeedMessage({ kind: 'heartbeat', position, epoch, at });
          await bell.wait(HEARTBEAT_MS, signal);
        }
      }
    } finally {
      stopWatching();
    }
  }

  /** The next changes, as many as fit; the bytes of manifests are read only for those. */
  async #listNext(after: number): Promise<Change[]> {
    const changes = await this.#changeLog.list({ after, limit: BATCH_ROWS });
    const count = countFitting(changes);
    const some = changes.slice(0, count);
    if (!some.some(({ fact }) => fact.kind === 'manifest-recorded')) return some;
    return this.#changeLog.list({ after, limit: count, withContent: true });
  }
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
