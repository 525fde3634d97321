/**
 * Writes a stream of small chunks in large batches: one `writev` of about 1 MiB in flight while the
 * next batch is gathered. Chunks are handed to the system as they came, never copied. Syncs on the
 * way, so that the last sync finds little to do.
 */
import type { FileHandle } from 'node:fs/promises';

const BATCH_BYTES = 1024 * 1024;
const SYNC_BYTES = 32 * 1024 * 1024;

export class BatchWriter {
  readonly #file: FileHandle;
  readonly #onWritten: (position: number) => void;
  #position: number;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #inFlight: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #syncedPosition: number;
  #failure: unknown;

  /** Writes from `position` on, and tells each time up to where the file reaches. */
  constructor(file: FileHandle, position: number, onWritten: (position: number) => void) {
    this.#file = file;
    this.#position = position;
    this.#syncedPosition = position;
    this.#onWritten = onWritten;
  }

  /** Up to where the file is written. */
  get position(): number {
    return this.#position;
  }

  /**
   * Takes a chunk. Gives a promise where the caller must wait before the next one; it rejects where
   * a write failed.
   */
  take(chunk: Uint8Array): Promise<void> | undefined {
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    if (this.#batchBytes < BATCH_BYTES) return undefined;
    if (this.#inFlight) return this.#settle().then(() => this.#start());
    this.#start();
    return undefined;
  }

  /** Resolves once everything taken is written for good; rejects where a write failed. */
  async finish(): Promise<void> {
    await this.#settle();
    this.#start();
    await this.#settle();
    await this.#syncing;
    await this.#file.datasync();
    await this.#settle();
  }

  #start(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#inFlight = this.#write(batch);
  }

  async #settle(): Promise<void> {
    await this.#inFlight;
    if (this.#failure) throw this.#failure;
  }

  /** Never rejects: the failure is told to whoever comes next. */
  async #write(batch: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#writeAll(batch);
      if (this.#position - this.#syncedPosition >= SYNC_BYTES) this.#syncing ??= this.#sync();
    } catch (error) {
      this.#failure = error;
    }
    this.#inFlight = undefined;
  }

  /** Beside the writing. Never rejects: a sync that failed is never made good by a later one. */
  async #sync(): Promise<void> {
    this.#syncedPosition = this.#position;
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#failure = error;
    }
    this.#syncing = undefined;
  }

  /** One `writev` may write less than it was given, and then says only how much. */
  async #writeAll(batch: readonly Uint8Array[]): Promise<void> {
    let rest = batch;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest, this.#position);
      this.#position += bytesWritten;
      rest = behind(rest, bytesWritten);
    }
    this.#onWritten(this.#position);
  }
}

/** What remains of the chunks behind the first `count` bytes. */
function behind(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}
