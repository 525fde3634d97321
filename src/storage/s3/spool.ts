/**
 * A local copy of a staging that is read along while it is uploaded, since an object store gives
 * nothing of an object before it is whole. The file has no name: it goes when the last reader does.
 */
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteRange } from '../../oci/range.ts';
import { Growth, PositionedReader } from '../growth.ts';

const CHUNK_BYTES = 128 * 1024;

export class Spool {
  readonly #file: FileHandle;
  readonly #growth = new Growth();
  /** The writer and each reader. */
  #holders = 1;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(): Promise<Spool> {
    const folder = await mkdtemp(join(tmpdir(), 'meridian-spool-'));
    const file = await open(join(folder, 'bytes'), 'w+');
    await rm(folder, { recursive: true });
    return new Spool(file);
  }

  async write(chunk: Uint8Array, position: number): Promise<void> {
    await this.#file.write(chunk, 0, chunk.length, position);
    this.#growth.advance(position + chunk.length);
  }

  read(range: ByteRange): PositionedReader {
    this.#holders += 1;
    const source = {
      chunkBytes: () => CHUNK_BYTES,
      read: async (position: number, lengthBytes: number) => {
        const buffer = Buffer.allocUnsafeSlow(lengthBytes);
        const { bytesRead } = await this.#file.read(buffer, 0, lengthBytes, position);
        return buffer.subarray(0, bytesRead);
      },
      close: () => this.#letGo(),
    };
    return new PositionedReader(source, this.#growth, range);
  }

  /** No more will be written; readers keep what is there. */
  async end(reason: Error): Promise<void> {
    this.#growth.end(reason);
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders === 0) await this.#file.close();
  }
}
