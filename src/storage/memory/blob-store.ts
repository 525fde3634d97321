/** Blobs in memory: for tests, and for whoever wants a registry that forgets. */
import { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { algorithmOf, type Digest, digestOf } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';
import type { Append, AppendOutcome, BlobStore, CommitOutcome } from '../blob-store.ts';
import { Growth, PositionedReader } from '../growth.ts';

interface Staging {
  bytes: Buffer;
  writtenAt: Date;
  readonly growth: Growth;
}

export class MemoryBlobStore implements BlobStore {
  /** Whoever shares this memory is told of each byte. */
  readonly followsOthers = true;
  readonly #blobs = new Map<Digest, Buffer>();
  readonly #stagings = new Map<string, Staging>();
  readonly #clock: Clock;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  async find(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined> {
    const bytes = this.#blobs.get(digest);
    return bytes && { sizeBytes: bytes.length };
  }

  async open(digest: Digest, range?: ByteRange): Promise<Readable | undefined> {
    const bytes = this.#blobs.get(digest);
    if (!bytes) return undefined;
    const wanted = range ? bytes.subarray(range.start, range.end + 1) : bytes;
    return Readable.from(wanted.length > 0 ? [wanted] : [], { objectMode: false });
  }

  /** Memory has no URL. */
  async locate(): Promise<undefined> {
    return undefined;
  }

  async append(id: string, { offset, content, onOpen }: Append): Promise<AppendOutcome> {
    const staging = this.#stagingAt(id, offset);
    if (!staging) return { offset: 0, interruption: new Error('there is no such staging') };
    if (staging.bytes.length < offset) {
      return { offset: staging.bytes.length, interruption: new Error('bytes were lost') };
    }
    staging.bytes = staging.bytes.subarray(0, offset);
    staging.growth.advance(offset);
    onOpen?.();
    try {
      for await (const chunk of content) {
        staging.bytes = joined(staging.bytes, chunk);
        staging.writtenAt = this.#clock.now();
        staging.growth.advance(staging.bytes.length);
      }
    } catch (error) {
      return { offset: staging.bytes.length, interruption: error as Error };
    }
    return { offset: staging.bytes.length };
  }

  async openStaging(id: string, range: ByteRange): Promise<Readable | undefined> {
    const staging = this.#stagings.get(id);
    if (!staging) return undefined;
    const source = {
      chunkBytes: () => 64 * 1024,
      read: async (at: number, lengthBytes: number) => staging.bytes.subarray(at, at + lengthBytes),
      close: async () => undefined,
    };
    return new PositionedReader(source, staging.growth, range);
  }

  async commit(id: string, digest: Digest): Promise<CommitOutcome> {
    const staging = this.#stagings.get(id);
    if (!staging) return { kind: 'unknown' };
    const actual = digestOf(staging.bytes, algorithmOf(digest));
    await this.discard(id);
    if (actual !== digest) return { kind: 'mismatch', actual };
    this.#blobs.set(digest, staging.bytes);
    return { kind: 'committed', sizeBytes: staging.bytes.length };
  }

  async discard(id: string): Promise<void> {
    this.#stagings.get(id)?.growth.end(new Error('the staging is gone'));
    this.#stagings.delete(id);
  }

  async delete(digest: Digest): Promise<void> {
    this.#blobs.delete(digest);
  }

  async list(page: { readonly after?: Digest; readonly limit: number }): Promise<Digest[]> {
    const digests = [...this.#blobs.keys()].sort();
    return digests.filter((digest) => digest > (page.after ?? '')).slice(0, page.limit);
  }

  async listStagings(before: Date): Promise<string[]> {
    const old = [...this.#stagings].filter(([, staging]) => staging.writtenAt < before);
    return old.map(([id]) => id);
  }

  /** The staging, made where an upload begins. */
  #stagingAt(id: string, offset: number): Staging | undefined {
    const known = this.#stagings.get(id);
    if (known || offset > 0) return known;
    const made = { bytes: Buffer.alloc(0), writtenAt: this.#clock.now(), growth: new Growth() };
    this.#stagings.set(id, made);
    return made;
  }
}

/**
 * The bytes with the chunk behind them; room is doubled, so that a large blob is not copied often.
 */
function joined(bytes: Buffer, chunk: Uint8Array): Buffer {
  const lengthBytes = bytes.length + chunk.length;
  const room = bytes.buffer.byteLength - bytes.byteOffset;
  const home = room >= lengthBytes ? bytes : Buffer.alloc(lengthBytes * 2);
  if (home !== bytes) bytes.copy(home);
  const whole = Buffer.from(home.buffer, home.byteOffset, lengthBytes);
  whole.set(chunk, bytes.length);
  return whole;
}
