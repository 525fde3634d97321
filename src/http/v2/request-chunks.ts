/**
 * The body of a request, chunk by chunk as it came off the line. The stream's own iterator would
 * copy all that is buffered into one chunk, stop the line between any two, and destroy the
 * connection, and with it the answer, where its reader gives up.
 */
import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';

/** So much is taken ahead of the reader before the line is told to wait. */
const AHEAD_BYTES = 1024 * 1024;

export class RequestChunks implements AsyncIterator<Buffer, undefined> {
  readonly #request: IncomingMessage;
  readonly #unwatch: () => void;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Set once nothing more will come: with the error that broke the body off, or without one. */
  #end: { readonly error?: Error } | undefined;
  #wake: (() => void) | undefined;

  /** Begins to take the body; to be read once. */
  constructor(request: IncomingMessage) {
    this.#request = request;
    this.#unwatch = finished(request, { writable: false }, (error) => this.#finish(error));
    request.on('data', this.#take).resume();
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    while (this.#waiting.length === 0) {
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return { done: false, value: this.#give() };
  }

  /** The reader gives up: the rest stays on the line, so that an answer can still be sent. */
  async return(): Promise<IteratorResult<Buffer, undefined>> {
    this.#request.off('data', this.#take).pause();
    this.#finish();
    return { done: true, value: undefined };
  }

  readonly #take = (chunk: Buffer): void => {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= AHEAD_BYTES) this.#request.pause();
    this.#wake?.();
  };

  #give(): Buffer {
    const chunk = this.#waiting.shift()!;
    this.#waitingBytes -= chunk.length;
    if (this.#waitingBytes < AHEAD_BYTES && this.#request.isPaused()) this.#request.resume();
    return chunk;
  }

  #finish(error?: Error | null): void {
    this.#unwatch();
    this.#end ??= error ? { error } : {};
    this.#wake?.();
  }
}
