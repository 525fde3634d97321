/** One closed range of a blob, fetched ahead of who reads it, and gone on with when it breaks. */
import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { UpstreamFailure } from '../upstream.ts';

/** Both are positions in the blob; `end` is the first byte that is not asked for. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Asks for exactly that stretch. The content breaks when the signal aborts. */
export type OpenStretch = (stretch: Stretch, signal: AbortSignal) => Promise<Readable>;

export interface SegmentOptions {
  readonly stretch: Stretch;
  readonly open: OpenStretch;
  /** The answer to the first request, where it was asked already. */
  readonly first?: Readable;
  readonly clock: Clock;
}

/** A segment that breaks more often is given up; who reads it may ask anew, with more patience. */
const MOST_TRIES = 5;
const FIRST_PAUSE_MS = 50;

/** A segment that is larger waits for who reads it. */
const MOST_HELD_BYTES = 2 * 1024 * 1024;

export class Segment {
  readonly #options: SegmentOptions;
  readonly #given = new AbortController();
  readonly #chunks: Uint8Array[] = [];
  #receivedBytes = 0;
  #readBytes = 0;
  #resume: (() => void) | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** Begins at once, and holds what arrives in memory until it is read. */
  constructor(options: SegmentOptions) {
    this.#options = options;
    this.#fetch().catch((error: Error) => {
      this.#failure = error;
      this.#wake?.();
    });
  }

  get sizeBytes(): number {
    const { start, end } = this.#options.stretch;
    return end - start;
  }

  /** Bytes that this keeps in memory at most. */
  get heldBytes(): number {
    return Math.min(this.sizeBytes, MOST_HELD_BYTES);
  }

  /** The bytes in order as they arrive; what arrived before a failure is given before it. */
  async *read(): AsyncGenerator<Uint8Array> {
    while (this.#readBytes < this.sizeBytes) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#readBytes += chunk.length;
        this.#resume?.();
        yield chunk;
      } else if (this.#failure) throw this.#failure;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Nobody reads on: ends the request. */
  destroy(): void {
    this.#given.abort();
    this.#readBytes = Number.POSITIVE_INFINITY;
    this.#resume?.();
  }

  async #fetch(): Promise<void> {
    const { clock, first } = this.#options;
    let content = first;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#collect(content ?? (await this.#open()));
        return;
      } catch (error) {
        if (tries === MOST_TRIES || this.#given.signal.aborted || isFinal(error)) throw error;
      }
      content = undefined;
      await clock.sleep(FIRST_PAUSE_MS * 2 ** tries, this.#given.signal);
    }
  }

  /** What is missing yet: bytes that are here are never asked for again. */
  #open(): Promise<Readable> {
    const { stretch, open } = this.#options;
    const start = stretch.start + this.#receivedBytes;
    return open({ start, end: stretch.end }, this.#given.signal);
  }

  async #waitForRoom(): Promise<void> {
    while (this.#receivedBytes - this.#readBytes >= MOST_HELD_BYTES) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
  }

  async #collect(content: Readable): Promise<void> {
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      if (this.#receivedBytes + chunk.length > this.sizeBytes) {
        throw new UpstreamFailure('the upstream sends more bytes than were asked for');
      }
      this.#receivedBytes += chunk.length;
      this.#chunks.push(chunk);
      this.#wake?.();
      await this.#waitForRoom();
    }
    if (this.#receivedBytes < this.sizeBytes) {
      throw new UpstreamFailure('the upstream ended a range before its last byte');
    }
  }
}

/** Whether the upstream itself said no: it would say so again. */
function isFinal(error: unknown): boolean {
  return error instanceof UpstreamFailure && error.status !== undefined && error.status < 500;
}
