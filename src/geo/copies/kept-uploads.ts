/**
 * Bytes that a client pushes through a secondary are kept there on their way to the primary, so
 * that they never cross the line twice.
 *
 * Each request of an upload adds its bytes to a staging of this site, at the offset that its state
 * speaks of. Where the primary takes the whole blob, the staging becomes the blob here too, proven
 * like every other. Where anything is missing (a request went to another site, a body broke, there
 * was no room) the staging is dropped, and the worker fetches the blob as if nothing had been kept.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Digest } from '../../oci/digest.ts';
import type { OnVerified } from '../../registry/fill.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { type Pushed, PushedCopy } from './pushed-copy.ts';

interface Dependencies {
  readonly blobStore: Pick<BlobStore, 'append' | 'commit' | 'discard'>;
  readonly onArrival: OnVerified;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whoever wants a blob that is just being kept waits so long, and then fetches it. */
const PATIENCE_MS = 5000;

export class KeptUploads {
  readonly #blobStore: Dependencies['blobStore'];
  readonly #onArrival: OnVerified;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Blobs whose last byte has passed, until they are kept or dropped. */
  readonly #closing = new Map<Digest, Promise<void>>();

  constructor({ blobStore, onArrival, clock, log }: Dependencies) {
    this.#blobStore = blobStore;
    this.#onArrival = onArrival;
    this.#clock = clock;
    this.#log = log;
  }

  /** Begins to keep what one request brings. */
  open(pushed: Pushed): PushedCopy {
    const copy = new PushedCopy(pushed, this.#blobStore);
    const { digest } = pushed;
    if (digest !== undefined) void copy.passed.then(() => this.#expect(digest, copy));
    return copy;
  }

  /**
   * The primary answered. Does its work beside the client's answer, and never fails.
   * @param isTaken whether the primary took what the request brought
   */
  settle(copy: PushedCopy, isTaken: boolean): void {
    const kept = this.#settle(copy, isTaken).catch((error: unknown) => {
      this.#log.warn({ err: error, staging: copy.staging }, 'pushed bytes could not be kept here');
      return this.#blobStore.discard(copy.staging).catch(() => undefined);
    });
    void kept.then(() => copy.end());
  }

  /** Drops what was kept of an upload that was cancelled. Never fails. */
  cancel(session: string): void {
    void this.#blobStore.discard(PushedCopy.stagingOf(session)).catch(() => undefined);
  }

  /** Resolves when no push is about to bring the blob here; after a while in any case. */
  async waitFor(digest: Digest): Promise<void> {
    const closing = this.#closing.get(digest);
    if (!closing) return;
    const over = new AbortController();
    void closing.then(() => over.abort());
    await this.#clock.sleep(PATIENCE_MS, over.signal).catch(() => undefined);
  }

  #expect(digest: Digest, copy: PushedCopy): void {
    this.#closing.set(digest, copy.ended);
    void copy.ended.then(() => this.#forget(digest, copy));
  }

  /** Another push of the same blob may have begun to close meanwhile. */
  #forget(digest: Digest, { ended }: PushedCopy): void {
    if (this.#closing.get(digest) === ended) this.#closing.delete(digest);
  }

  async #settle(copy: PushedCopy, isTaken: boolean): Promise<void> {
    const { staging, digest } = copy;
    const isWhole = await copy.kept;
    if (!isTaken || !isWhole) return this.#blobStore.discard(staging);
    if (digest === undefined) return;
    const outcome = await this.#blobStore.commit(staging, digest);
    if (outcome.kind === 'committed') await this.#onArrival(digest, outcome.sizeBytes);
  }
}
