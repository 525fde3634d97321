/**
 * How an adapter lets readers follow bytes that still arrive, and how it reads bytes at a position.
 */
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import type { ByteRange } from '../oci/range.ts';

/** How many bytes there are so far. Readers that are ahead sleep until there are more. */
export class Growth {
  #lengthBytes: number;
  #ended: Error | undefined;
  #sleepers: (() => void)[] = [];

  constructor(lengthBytes = 0) {
    this.#lengthBytes = lengthBytes;
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  advance(lengthBytes: number): void {
    this.#lengthBytes = lengthBytes;
    this.#wake();
  }

  /** No more will come: who waits for more than there is gets the error. */
  end(reason: Error): void {
    this.#ended = reason;
    this.#wake();
  }

  /** Calls back once a byte at `position` is there, or with the reason why it never will be. */
  whenAt(position: number, then: (failure?: Error) => void): void {
    if (position < this.#lengthBytes) then();
    else if (this.#ended) then(this.#ended);
    else this.#sleepers.push(() => this.whenAt(position, then));
  }

  #wake(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}

/** Bytes that can be read at a position, and must be let go of. */
export interface PositionedSource {
  /** Up to `lengthBytes` bytes from `position` on, at least one of them; they are there. */
  read(position: number, lengthBytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
  /** Takes back memory that `read` gave and that nobody looks at any more. */
  recycle?(bytes: Uint8Array): void;
  /** How many bytes to ask for at once, asked anew each time. */
  chunkBytes(): number;
}

/** Streams a range of the source, one chunk ahead of its consumer, waiting for what still grows. */
export class PositionedReader extends Readable {
  readonly #source: PositionedSource;
  readonly #growth: Growth;
  readonly #end: number;
  #position: number;

  constructor(source: PositionedSource, growth: Growth, range: ByteRange) {
    // One chunk of any size fills the buffer, so never more than one lies ready.
    super({ highWaterMark: 1 });
    this.#source = source;
    this.#growth = growth;
    this.#position = range.start;
    this.#end = range.end + 1;
  }

  /** Gives a chunk's memory back for another; the chunk must not be looked at any more. */
  recycle(chunk: Uint8Array): void {
    this.#source.recycle?.(chunk);
  }

  override _read(): void {
    if (this.#position >= this.#end) {
      this.push(null);
      return;
    }
    this.#growth.whenAt(this.#position, (failure) => {
      if (this.destroyed) return;
      if (failure) this.destroy(failure);
      else void this.#readChunk();
    });
  }

  async #readChunk(): Promise<void> {
    const there = Math.min(this.#end, this.#growth.lengthBytes) - this.#position;
    try {
      const chunk = await this.#source.read(
        this.#position,
        Math.min(there, this.#source.chunkBytes()),
      );
      // A file that lost its end must break the stream, never end it short.
      if (chunk.length === 0) throw new Error('the stored bytes end before their length');
      this.#position += chunk.length;
      if (!this.destroyed) this.push(chunk);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    callbackify(() => this.#source.close())((failure) => done(error ?? failure));
  }
}
