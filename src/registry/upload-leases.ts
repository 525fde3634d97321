/** One writer at a time: an upload's lease, taken, kept while bytes come in, and given back. */
import type { Clock } from '../clock.ts';
import type { Randomness } from '../randomness.ts';
import type { UploadSession, UploadTracker } from '../storage/upload-tracker.ts';

interface Dependencies {
  readonly uploadTracker: Pick<UploadTracker, 'lease' | 'renew' | 'release'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** So long the upload of a writer that died is closed to others. */
const LEASE_MS = 30_000;
const RENEW_MS = 10_000;

export interface HeldUpload {
  readonly session: UploadSession;
  /** Gives the lease back with the new offset. @returns whether it was still held. */
  release(offset: number): Promise<boolean>;
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

  /** @returns `undefined` where the upload is gone, stands elsewhere, or is another's now. */
  async take(id: string, offset: number): Promise<HeldUpload | undefined> {
    const writer = this.#randomness.uuid();
    const now = this.#clock.now();
    const until = new Date(now.getTime() + LEASE_MS);
    const session = await this.#uploadTracker.lease(id, { offset, writer, until, now });
    if (!session) return undefined;
    const stop = new AbortController();
    void this.#keep(id, writer, stop.signal);
    return {
      session,
      release: (newOffset) => {
        stop.abort();
        return this.#uploadTracker.release(id, writer, newOffset);
      },
    };
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
