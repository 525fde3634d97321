/** Blobs in a bucket of an object store that speaks S3; the layout is drawn in `keys.ts`. */
import type { Readable } from 'node:stream';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';
import type {
  Append,
  AppendOutcome,
  BlobStore,
  CommitOutcome,
  Whereabouts,
} from '../blob-store.ts';
import { Bucket, type S3Credentials } from './bucket.ts';
import { Keys } from './keys.ts';
import type { S3Location } from './location.ts';
import { LEAST_PART_BYTES, lengthOfPieces } from './pieces.ts';
import { Uploads } from './uploads.ts';

const LIST_LIMIT = 1000;

export class S3BlobStore implements BlobStore {
  /** Smaller chunks are taken, but then the blob is sent through here once more at the end. */
  readonly chunkMinBytes = LEAST_PART_BYTES;
  readonly #bucket: Bucket;
  readonly #keys: Keys;
  readonly #uploads: Uploads;

  private constructor(bucket: Bucket, keys: Keys) {
    this.#bucket = bucket;
    this.#keys = keys;
    this.#uploads = new Uploads(bucket, keys);
  }

  /**
   * Connects to the bucket, which must exist; throws `StorageUnavailable` where it cannot.
   * Without credentials the SDK looks for them where Amazon's tools do.
   */
  static async open(options: {
    readonly location: S3Location;
    readonly credentials?: S3Credentials;
  }): Promise<S3BlobStore> {
    const bucket = await Bucket.open(options.location, options.credentials);
    return new S3BlobStore(bucket, new Keys(options.location.prefix));
  }

  /** Lets go of the connections. */
  close(): void {
    this.#bucket.close();
  }

  async find(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined> {
    const sizeBytes = await this.#bucket.size(this.#keys.blob(digest));
    return sizeBytes === undefined ? undefined : { sizeBytes };
  }

  async open(digest: Digest, range?: ByteRange): Promise<Readable | undefined> {
    return this.#bucket.read(this.#keys.blob(digest), range);
  }

  async locate(digest: Digest): Promise<Whereabouts | undefined> {
    if (!(await this.find(digest))) return undefined;
    return { kind: 'url', url: await this.#bucket.sign(this.#keys.blob(digest)) };
  }

  async append(staging: string, append: Append): Promise<AppendOutcome> {
    return this.#uploads.append(staging, append);
  }

  /** From a local copy, which only stagings have that are announced as read along. */
  async openStaging(staging: string, range: ByteRange): Promise<Readable | undefined> {
    return this.#uploads.findSpool(staging)?.read(range);
  }

  async commit(staging: string, digest: Digest): Promise<CommitOutcome> {
    const pieces = await this.#uploads.list(staging);
    if (pieces.length === 0) return { kind: 'unknown' };
    const actual = await this.#uploads.digest(staging, pieces, algorithmOf(digest));
    if (actual !== digest) {
      await this.discard(staging);
      return { kind: 'mismatch', actual };
    }
    const sizeBytes = lengthOfPieces(pieces);
    const existing = await this.find(digest);
    if (existing?.sizeBytes !== sizeBytes) await this.#uploads.assemble(pieces, digest);
    await this.discard(staging);
    return { kind: 'committed', sizeBytes };
  }

  async discard(staging: string): Promise<void> {
    await this.#uploads.discard(staging);
  }

  async delete(digest: Digest): Promise<void> {
    await this.#bucket.delete(this.#keys.blob(digest));
  }

  async list(page: { readonly after?: Digest; readonly limit: number }): Promise<Digest[]> {
    const after = page.after && this.#keys.blob(page.after);
    const objects = await this.#bucket.list(this.#keys.blobs, {
      limit: Math.min(page.limit, LIST_LIMIT),
      ...(after === undefined ? {} : { after }),
    });
    const digests = objects.map(({ key }) => this.#keys.digestOf(key));
    return digests.filter((digest) => digest !== undefined);
  }

  async listStagings(before: Date): Promise<string[]> {
    const lastWrites = new Map<string, Date>();
    for (let after: string | undefined; ; ) {
      const page = { limit: LIST_LIMIT, ...(after === undefined ? {} : { after }) };
      const objects = await this.#bucket.list(this.#keys.stagings, page);
      for (const { key, modifiedAt } of objects) {
        const staging = this.#keys.stagingOf(key);
        const known = lastWrites.get(staging);
        if (!known || known < modifiedAt) lastWrites.set(staging, modifiedAt);
      }
      if (objects.length < LIST_LIMIT) break;
      after = objects.at(-1)?.key;
    }
    return [...lastWrites].filter(([, at]) => at < before).map(([staging]) => staging);
  }
}
