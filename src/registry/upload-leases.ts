/** One writer at a time: an upload's lease, taken, kept while bytes come in, and given back. */
import type { Clock } from '../clock.ts';
import type { Randomness } from '../randomness.ts';
import type { UploadSession, UploadTracker } from '../storage/upload-tracker.ts';

interface Dependencies {
  readonly uploadTracker: Pick<UploadTracker, 'find' | 'lease' | 'renew' | 'release'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** So long the upload of a writer that died is closed to others. */
const LEASE_MS = 30_000;
const RENEW_MS = 10_000;

/** How long to wait before a tracker that was away is asked again. */
const RELEASE_PAUSE_MS = 500;

/** How often, and how long each time, a writer waits for another that may be on its way out. */
const WAITS = 20;
const WAIT_MS = 50;

export interface HeldUpload {
  readonly session: UploadSession;
  /**
   * Gives the lease back, with a new offset if there is one. @returns whether it was still held.
   */
  release(offset?: number): Promise<boolean>;
  /** Lets go of an upload whose row is gone: there is nothing to give back. */
  end(): void;
}

export class UploadLeases {
  readonly #uploadTracker: Dependencies['uploadTracker'];
  readonly #clock: Clock;
  readonly #randomness: Randomness;

  constructor({ uploadTracker, clock, randomness }: Dependencies) {
    this.#uploadTracker = uploadTracker;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /**
   * Takes the upload where it stands at that offset. Where another writer has it, waits a moment:
   * it may be one whose client is gone.
   * @returns `undefined` where the upload is gone, stands elsewhere, or is another's still.
   */
  async take(id: string, offset: number | 'any'): Promise<HeldUpload | undefined> {
    const writer = this.#randomness.uuid();
    let session = await this.#lease(id, offset, writer);
    for (let tries = 0; !session && tries < WAITS; tries += 1) {
      if (!(await this.#isTaken(id, offset))) return undefined;
      await this.#clock.sleep(WAIT_MS);
      session = await this.#lease(id, offset, writer);
    }
    return session && this.#hold(session, writer);
  }

  #lease(id: string, offset: number | 'any', writer: string): Promise<UploadSession | undefined> {
    const now = this.#clock.now();
    const until = new Date(now.getTime() + LEASE_MS);
    return this.#uploadTracker.lease(id, { offset, writer, until, now });
  }

  /** Whether nothing but another's lease is in the way. */
  async #isTaken(id: string, offset: number | 'any'): Promise<boolean> {
    const session = await this.#uploadTracker.find(id);
    return session !== undefined && (offset === 'any' || session.offset === offset);
  }

  #hold(session: UploadSession, writer: string): HeldUpload {
    const { id } = session;
    const stop = new AbortController();
    void this.#keep(id, writer, stop.signal);
    return {
      session,
      release: async (offset = session.offset) => {
        stop.abort();
        try {
          return await this.#uploadTracker.release(id, writer, offset);
        } catch (error) {
          void this.#releaseLater(id, writer, offset);
          throw error;
        }
      },
      end: () => stop.abort(),
    };
  }

  /**
   * The bytes are kept, only the tracker was away: where it is back before the lease runs out, the
   * client goes on at once, behind all of them.
   */
  async #releaseLater(id: string, writer: string, offset: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < LEASE_MS; waitedMs += RELEASE_PAUSE_MS) {
      await this.#clock.sleep(RELEASE_PAUSE_MS);
      const release = this.#uploadTracker.release(id, writer, offset);
      const isAnswered = await release.then(
        () => true,
        () => false,
      );
      if (isAnswered) return;
    }
  }

  /** Ends when it is told to, or when the lease is lost; a tracker that is away is asked again. */
  async #keep(id: string, writer: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isEnd = await this.#clock.sleep(RENEW_MS, signal).then(
        () => false,
        () => true,
      );
      if (isEnd) return;
      const until = new Date(this.#clock.now().getTime() + LEASE_MS);
      const isHeld = await this.#uploadTracker.renew(id, writer, until).catch(() => true);
      if (!isHeld) return;
    }
  }
}
