/** Stagings in an object store: pieces that arrive at any machine, and the blob made of them. */
import { Readable } from 'node:stream';
import { type Algorithm, type Digest, Hasher } from '../../oci/digest.ts';
import type { Append, AppendOutcome } from '../blob-store.ts';
import type { Bucket } from './bucket.ts';
import type { Keys } from './keys.ts';
import { lengthOfPieces, listPieces, type Piece, planParts } from './pieces.ts';
import type { Spool } from './spool.ts';
import { UnderWayUploads } from './under-way.ts';

/** Larger objects are not copied by one call. */
const LARGEST_COPY_BYTES = 1024 * 1024 * 1024;

export class Uploads {
  readonly #bucket: Bucket;
  readonly #keys: Keys;
  readonly #underWay = new UnderWayUploads();

  constructor(bucket: Bucket, keys: Keys) {
    this.#bucket = bucket;
    this.#keys = keys;
  }

  /** The staging's copy here, where it is read along. */
  findSpool(staging: string): Spool | undefined {
    return this.#underWay.findSpool(staging);
  }

  list(staging: string): Promise<Piece[]> {
    return listPieces(this.#bucket, this.#keys, staging);
  }

  /** Stores the content as one more piece. Beyond the offset nothing is left. */
  async append(staging: string, append: Append): Promise<AppendOutcome> {
    // The content may break before it is read; a stream whose error nobody hears ends the process.
    if (append.content instanceof Readable) append.content.on('error', () => undefined);
    const before = await this.#cut(staging, append.offset);
    const lengthBytes = lengthOfPieces(before);
    if (lengthBytes < append.offset) {
      return { offset: lengthBytes, interruption: new Error('the staging holds fewer bytes') };
    }
    const hasher = this.#hasherFor(staging, before, append);
    const spool = append.isReadAlong ? await this.#openSpool(staging, before) : undefined;
    append.onOpen?.();
    const intake = new Intake(append, { hasher, spool });
    const key = this.#keys.piece(staging, append.offset);
    const etag = await this.#bucket.write(key, Readable.from(intake.chunks()));
    const piece = { key, offset: append.offset, lengthBytes: intake.lengthBytes, etag };
    if (hasher) this.#underWay.keepHasher(staging, hasher, [...before, piece]);
    const { interruption } = intake;
    const offset = append.offset + intake.lengthBytes;
    return { offset, ...(interruption ? { interruption } : {}) };
  }

  /** The digest of the pieces: from memory where all of them passed here, else read again. */
  async digest(staging: string, pieces: readonly Piece[], algorithm: Algorithm): Promise<Digest> {
    const known = this.#underWay.takeHasher(staging, pieces);
    if (known?.algorithm === algorithm) return known.digest();
    const hasher = new Hasher(algorithm);
    for await (const chunk of this.#read(pieces)) hasher.update(chunk);
    return hasher.digest();
  }

  /** Makes the blob: by copies inside the store, or through here where the pieces are too small. */
  async assemble(pieces: readonly Piece[], digest: Digest): Promise<void> {
    const target = this.#keys.blob(digest);
    const full = pieces.filter(({ lengthBytes }) => lengthBytes > 0);
    const [only] = full.length === 0 ? pieces : full;
    if (full.length <= 1 && only && only.lengthBytes <= LARGEST_COPY_BYTES) {
      const isWhole = (await this.#bucket.size(only.key)) === only.lengthBytes;
      if (isWhole && (await this.#bucket.copy(only.key, target))) return;
    }
    const parts = planParts(full);
    if (parts) await this.#bucket.join(parts, target);
    else await this.#bucket.write(target, Readable.from(this.#read(full)));
  }

  async discard(staging: string): Promise<void> {
    this.#underWay.forget(staging);
    const pieces = await this.list(staging);
    await Promise.all(pieces.map(({ key }) => this.#bucket.delete(key)));
  }

  /** Takes away what begins at or behind the offset. @returns what is left. */
  async #cut(staging: string, offset: number): Promise<Piece[]> {
    const pieces = await this.list(staging);
    const beyond = pieces.filter((piece) => piece.offset >= offset);
    await Promise.all(beyond.map(({ key }) => this.#bucket.delete(key)));
    const left = pieces.filter((piece) => piece.offset < offset);
    return left.map((piece) => ({
      ...piece,
      lengthBytes: Math.min(piece.lengthBytes, offset - piece.offset),
    }));
  }

  #hasherFor(staging: string, before: readonly Piece[], append: Append): Hasher | undefined {
    const known = this.#underWay.takeHasher(staging, before);
    return append.offset === 0 ? new Hasher(append.algorithm) : known;
  }

  /** The copy for those who read along; a new one begins with what an earlier process uploaded. */
  async #openSpool(staging: string, before: readonly Piece[]): Promise<Spool> {
    const known = this.#underWay.findSpool(staging);
    if (known) return known;
    const spool = await this.#underWay.openSpool(staging);
    let position = 0;
    for await (const chunk of this.#read(before)) {
      await spool.write(chunk, position);
      position += chunk.length;
    }
    return spool;
  }

  async *#read(pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
    for (const { key, lengthBytes } of pieces) {
      if (lengthBytes === 0) continue;
      const content = await this.#bucket.read(key, { start: 0, end: lengthBytes - 1 });
      if (!content) throw new Error('a piece of the staging went away');
      yield* content as AsyncIterable<Uint8Array>;
    }
  }
}

/** Shows the bytes to all who want them on their way; a content that breaks ends, and says why. */
class Intake {
  lengthBytes = 0;
  interruption: Error | undefined;
  readonly #append: Append;
  readonly #hasher: Hasher | undefined;
  readonly #spool: Spool | undefined;

  constructor(append: Append, to: { hasher: Hasher | undefined; spool: Spool | undefined }) {
    this.#append = append;
    this.#hasher = to.hasher;
    this.#spool = to.spool;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    // Not `for await`: that would destroy the content where the store fails, and the answer with
    // it.
    const chunks = this.#append.content[Symbol.asyncIterator]();
    for (;;) {
      const next = await chunks.next().catch((error: Error) => {
        this.interruption = error;
        return { done: true, value: undefined } as const;
      });
      if (next.done) return;
      this.#hasher?.update(next.value);
      await this.#spool?.write(next.value, this.#append.offset + this.lengthBytes);
      this.lengthBytes += next.value.length;
      yield next.value;
    }
  }
}
