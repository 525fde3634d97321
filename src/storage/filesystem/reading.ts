/**
 * Reading files within one budget of memory: a stream alone reads in large chunks, which costs the
 * least CPU; many streams at once read in small ones, so that memory stays flat.
 */
import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from '../../oci/range.ts';
import { type Growth, PositionedReader, type PositionedSource } from '../growth.ts';

const LARGEST_CHUNK_BYTES = 1024 * 1024;
const LEAST_CHUNK_BYTES = 64 * 1024;
/** Shared by all open streams; each holds about two chunks. */
const BUDGET_BYTES = 8 * 1024 * 1024;
/** At most this many large chunks are kept for the next read. */
const MAX_SPARES = 8;

/** A file to read at any position, and how to let go of it. */
export interface ReadableFile {
  readonly handle: Pick<FileHandle, 'read'>;
  readonly close: () => Promise<void>;
}

interface Chunk {
  readonly position: number;
  /** As was asked for; there may be less. */
  readonly lengthBytes: number;
  readonly bytes: Promise<Buffer>;
}

export class ReadingRoom {
  #openStreams = 0;
  /** What was read last of files that many read at one pace. */
  readonly #last = new WeakMap<ReadableFile['handle'], Chunk>();
  /** Memory of large chunks that went out: to make it anew costs more than to fill it. */
  readonly #spares: Buffer[] = [];

  /** Streams the range; the stream closes the file. */
  open({ handle, close }: ReadableFile, growth: Growth, range: ByteRange): PositionedReader {
    const source = {
      close,
      read: (position: number, lengthBytes: number) =>
        readAt(handle, position, this.#spare(lengthBytes)),
      recycle: (bytes: Uint8Array) => this.#recycle(bytes),
    };
    return this.#stream(source, growth, range);
  }

  /** The same, of a file that many read at one pace: who asks for the same bytes shares them. */
  openShared({ handle, close }: ReadableFile, growth: Growth, range: ByteRange): PositionedReader {
    const read = (position: number, lengthBytes: number) =>
      this.#readShared(handle, position, lengthBytes);
    return this.#stream({ close, read }, growth, range);
  }

  #stream(
    source: Omit<PositionedSource, 'chunkBytes'>,
    growth: Growth,
    range: ByteRange,
  ): PositionedReader {
    this.#openStreams += 1;
    const close = () => {
      this.#openStreams -= 1;
      return source.close();
    };
    const chunkBytes = () => this.#chunkBytes();
    return new PositionedReader({ ...source, chunkBytes, close }, growth, range);
  }

  #chunkBytes(): number {
    const share = Math.floor(BUDGET_BYTES / Math.max(1, this.#openStreams));
    return Math.max(LEAST_CHUNK_BYTES, Math.min(LARGEST_CHUNK_BYTES, share));
  }

  #readShared(
    handle: ReadableFile['handle'],
    position: number,
    lengthBytes: number,
  ): Promise<Buffer> {
    const last = this.#last.get(handle);
    if (last?.position === position && last.lengthBytes === lengthBytes) return last.bytes;
    const bytes = readAt(handle, position, Buffer.allocUnsafeSlow(lengthBytes));
    const chunk = { position, lengthBytes, bytes };
    this.#last.set(handle, chunk);
    // Who asks again later may have more luck.
    bytes.catch(() => this.#last.get(handle) === chunk && this.#last.delete(handle));
    return bytes;
  }

  #spare(lengthBytes: number): Buffer {
    const spare = lengthBytes === LARGEST_CHUNK_BYTES ? this.#spares.pop() : undefined;
    return spare ?? Buffer.allocUnsafeSlow(lengthBytes);
  }

  #recycle(bytes: Uint8Array): void {
    if (bytes.byteLength !== LARGEST_CHUNK_BYTES || this.#spares.length >= MAX_SPARES) return;
    this.#spares.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}

/** As much as there is, in the buffer. */
async function readAt(
  handle: ReadableFile['handle'],
  position: number,
  buffer: Buffer,
): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
  return bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
}
