/** The copy of one request's bytes, taken while they are passed on. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { BlobStore } from '../../storage/blob-store.ts';

/** What one request adds to an upload. */
export interface Pushed {
  /** The upload's id, or any other name that nobody else has. */
  readonly session: string;
  /** Where its bytes begin. */
  readonly offset: number;
  /** Of the whole blob, where the request closes the upload. */
  readonly digest?: Digest | undefined;
}

/** So much may wait for the disk before the line waits for it too. */
const AHEAD_BYTES = 1024 * 1024;

export class PushedCopy {
  readonly staging: string;
  readonly digest: Digest | undefined;
  /** Resolves once the last byte has passed; never where the body breaks. */
  readonly passed: Promise<void>;
  /** Resolves with `end`. */
  readonly ended: Promise<void>;
  /** Whether every byte is in the staging. Rejects where the store fails. */
  kept: Promise<boolean> = Promise.resolve(false);
  readonly #pushed: Pushed;
  readonly #blobStore: Pick<BlobStore, 'append'>;
  #pass!: () => void;
  #end!: () => void;

  static stagingOf(session: string): string {
    return `push-${session}`;
  }

  constructor(pushed: Pushed, blobStore: Pick<BlobStore, 'append'>) {
    this.staging = PushedCopy.stagingOf(pushed.session);
    this.digest = pushed.digest;
    this.#pushed = pushed;
    this.#blobStore = blobStore;
    this.passed = new Promise((resolve) => (this.#pass = resolve));
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Nothing more will come of this copy. Idempotent. */
  end(): void {
    this.#end();
  }

  /**
   * The same bytes, to be passed on. The copy is made while they are read: it holds them up no more
   * than any slow reader would, and not at all once the store has given up.
   */
  async *follow(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const copy = new PassThrough({ highWaterMark: AHEAD_BYTES });
    this.kept = this.#keep(copy);
    // Whoever settles the copy hears of it; nobody does where the primary never answers.
    this.kept.catch(() => undefined);
    try {
      for await (const chunk of content) {
        if (!copy.destroyed && !copy.write(chunk)) await room(copy);
        yield chunk;
      }
      copy.end();
      this.#pass();
    } finally {
      if (!copy.writableEnded) copy.destroy();
    }
  }

  async #keep(copy: PassThrough): Promise<boolean> {
    // What breaks it off is told by `append`; it may break before anybody listens.
    copy.on('error', () => undefined);
    const { offset, digest } = this.#pushed;
    const algorithm = digest && { algorithm: algorithmOf(digest) };
    try {
      const append = { offset, content: copy, ...algorithm };
      const outcome = await this.#blobStore.append(this.staging, append);
      return outcome.interruption === undefined;
    } finally {
      copy.destroy();
    }
  }
}

/** Resolves when the copy can take more, or takes nothing any more. */
async function room(copy: PassThrough): Promise<void> {
  const waited = new AbortController();
  const { signal } = waited;
  const events = ['drain', 'close'].map((event) => once(copy, event, { signal }));
  await Promise.race(events).catch(() => undefined);
  waited.abort();
  await Promise.allSettled(events);
}
