/**
 * Reading files within one budget of memory: a stream alone reads in large chunks, which costs the
 * least CPU; many streams at once read in small ones, so that memory stays flat.
 */
import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from '../../oci/range.ts';
import { type Growth, PositionedReader } from '../growth.ts';

const LARGEST_CHUNK_BYTES = 1024 * 1024;
const LEAST_CHUNK_BYTES = 64 * 1024;
/** Shared by all open streams; each holds about two chunks. */
const BUDGET_BYTES = 8 * 1024 * 1024;
/** At most this many large chunks are kept for the next read. */
const MAX_SPARES = 8;

export class ReadingRoom {
  #openStreams = 0;
  /** Memory of large chunks that went out: to make it anew costs more than to fill it. */
  readonly #spares: Buffer[] = [];

  /** Streams the range; the stream owns the file from here on and closes it. */
  open(file: FileHandle, growth: Growth, range: ByteRange): PositionedReader {
    this.#openStreams += 1;
    const source = {
      chunkBytes: () => this.#chunkBytes(),
      read: (position: number, lengthBytes: number) => this.#readAt(file, position, lengthBytes),
      recycle: (bytes: Uint8Array) => this.#recycle(bytes),
      close: () => {
        this.#openStreams -= 1;
        return file.close();
      },
    };
    return new PositionedReader(source, growth, range);
  }

  #chunkBytes(): number {
    const share = Math.floor(BUDGET_BYTES / Math.max(1, this.#openStreams));
    return Math.max(LEAST_CHUNK_BYTES, Math.min(LARGEST_CHUNK_BYTES, share));
  }

  async #readAt(file: FileHandle, position: number, lengthBytes: number): Promise<Buffer> {
    const spare = lengthBytes === LARGEST_CHUNK_BYTES ? this.#spares.pop() : undefined;
    const buffer = spare ?? Buffer.allocUnsafeSlow(lengthBytes);
    const { bytesRead } = await file.read(buffer, 0, lengthBytes, position);
    return bytesRead === lengthBytes ? buffer : buffer.subarray(0, bytesRead);
  }

  #recycle(bytes: Uint8Array): void {
    if (bytes.byteLength !== LARGEST_CHUNK_BYTES || this.#spares.length >= MAX_SPARES) return;
    this.#spares.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}
