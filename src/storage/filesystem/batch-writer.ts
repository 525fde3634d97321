/**
 * Writes a stream of small chunks in large batches: one `writev` of 1 to 2 MiB in flight while the
 * next batch is gathered. Chunks are handed to the system as they came, never copied. Syncs on the
 * way, so that the last sync finds little to do.
 *
 * Where somebody reads along, a batch is what came while the last one was written, however little:
 * over a slow line the first bytes would wait for the rest of their MiB otherwise.
 */
import type { FileHandle } from 'node:fs/promises';

const BATCH_BYTES = 1024 * 1024;
/**
 * So much is gathered before a write is waited for that takes long, since a sync is in its way.
 * Twice that again gained nothing.
 */
const MOST_BYTES = 2 * BATCH_BYTES;
const SYNC_BYTES = 32 * 1024 * 1024;

type WritableFile = Pick<FileHandle, 'writev' | 'datasync'>;

interface Readers {
  /** Told each time up to where the file reaches. */
  readonly onWritten: (position: number) => void;
  /** Whether they wait for each byte. */
  readonly isReadAlong: boolean;
}

export class BatchWriter {
  readonly #file: WritableFile;
  readonly #readers: Readers;
  #position: number;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #inFlight: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #syncedPosition: number;
  #failure: unknown;

  /** Writes from `position` on. */
  constructor(file: WritableFile, position: number, readers: Readers) {
    this.#file = file;
    this.#position = position;
    this.#syncedPosition = position;
    this.#readers = readers;
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
    this.#startWhenDue();
    return this.#batchBytes >= MOST_BYTES ? this.#settle() : undefined;
  }

  /** Resolves once everything taken is written for good; rejects where a write failed. */
  async finish(): Promise<void> {
    while (this.#inFlight || this.#batch.length > 0) {
      await this.#settle();
      this.#start();
    }
    await this.#syncing;
    // Of no bytes none are lost; a sync of a new file would keep its first reader waiting.
    if (this.#position > 0) await this.#file.datasync();
    await this.#settle();
  }

  #startWhenDue(): void {
    if (this.#batchBytes >= BATCH_BYTES || this.#readers.isReadAlong) this.#start();
  }

  /** Not while a write is in flight, whose end starts the next, nor behind one that failed. */
  #start(): void {
    if (this.#batch.length === 0 || this.#inFlight || this.#failure) return;
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
    this.#startWhenDue();
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
    this.#readers.onWritten(this.#position);
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
