/** One bucket, through the SDK; the SDK is loaded only where a bucket is configured. */
import type { Readable } from 'node:stream';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import type { ByteRange } from '../../oci/range.ts';
import { asFailure, whereFound } from './failures.ts';
import type { S3Location } from './location.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedAt: Date;
}

/** A range of an object that becomes a part of another one. */
export interface CopyPart {
  readonly key: string;
  readonly range: ByteRange;
}

interface PartTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
  readonly PartNumber: number;
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;

/** How much of a body is in memory at once: this times two. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 2;
const COPIES_AT_ONCE = 8;
const MOST_SOCKETS = 512;
const CONNECT_LIMIT_MS = 5000;
const URL_LIFE_SECONDS = 15 * 60;

async function loadSdk() {
  const [client, storage, presigner] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/lib-storage'),
    import('@aws-sdk/s3-request-presigner'),
  ]);
  return { ...client, Upload: storage.Upload, getSignedUrl: presigner.getSignedUrl };
}

export class Bucket {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #name: string;

  private constructor(sdk: Sdk, client: S3Client, name: string) {
    this.#sdk = sdk;
    this.#client = client;
    this.#name = name;
  }

  /**
   * Connects, and throws `StorageUnavailable` where the bucket cannot be reached or is not there.
   */
  static async open(location: S3Location, credentials?: S3Credentials): Promise<Bucket> {
    const sdk = await loadSdk();
    const client = new sdk.S3Client({
      ...(location.endpoint ? { endpoint: location.endpoint } : {}),
      ...(location.region ? { region: location.region } : {}),
      ...(credentials ? { credentials } : {}),
      forcePathStyle: location.isPathStyle,
      // Servers besides Amazon refuse the checksums that the SDK would add by itself.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_LIMIT_MS,
        httpAgent: { maxSockets: MOST_SOCKETS },
        httpsAgent: { maxSockets: MOST_SOCKETS },
      },
    });
    const bucket = new Bucket(sdk, client, location.bucket);
    await client
      .send(new sdk.HeadBucketCommand({ Bucket: location.bucket }))
      .catch((error: unknown) => {
        throw asFailure(error);
      });
    return bucket;
  }

  close(): void {
    this.#client.destroy();
  }

  async size(key: string): Promise<number | undefined> {
    const command = new this.#sdk.HeadObjectCommand({ Bucket: this.#name, Key: key });
    return (await whereFound(this.#client.send(command)))?.ContentLength;
  }

  async read(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const command = new this.#sdk.GetObjectCommand({
      Bucket: this.#name,
      Key: key,
      ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
    });
    return (await whereFound(this.#client.send(command)))?.Body as Readable | undefined;
  }

  /** Uploads a body of any length, a few parts of it in memory at a time. @returns its ETag. */
  async write(key: string, body: Readable): Promise<string> {
    const upload = new this.#sdk.Upload({
      client: this.#client,
      params: { Bucket: this.#name, Key: key, Body: body },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    const outcome = await upload.done().catch((error: unknown) => {
      throw asFailure(error);
    });
    return outcome.ETag ?? '';
  }

  /** Copies a whole object of at most 5 GiB, inside the store. */
  async copy(from: string, to: string): Promise<boolean> {
    const command = new this.#sdk.CopyObjectCommand({
      Bucket: this.#name,
      Key: to,
      CopySource: this.#source(from),
    });
    return (await whereFound(this.#client.send(command))) !== undefined;
  }

  /** Makes an object of ranges of others, inside the store; all but the last of at least 5 MiB. */
  async join(parts: readonly CopyPart[], to: string): Promise<void> {
    const target = { Bucket: this.#name, Key: to };
    const client = this.#client;
    const { UploadId } = await this.#send(() =>
      client.send(new this.#sdk.CreateMultipartUploadCommand(target)),
    );
    try {
      const Parts: CompletedPart[] = [];
      for (let first = 0; first < parts.length; first += COPIES_AT_ONCE) {
        const some = parts.slice(first, first + COPIES_AT_ONCE);
        const copies = some.map((part, index) =>
          this.#copyPart(part, { ...target, UploadId, PartNumber: first + index + 1 }),
        );
        Parts.push(...(await Promise.all(copies)));
      }
      const complete = { ...target, UploadId, MultipartUpload: { Parts } };
      await client.send(new this.#sdk.CompleteMultipartUploadCommand(complete));
    } catch (error) {
      const abort = new this.#sdk.AbortMultipartUploadCommand({ ...target, UploadId });
      await client.send(abort).catch(() => undefined);
      throw asFailure(error);
    }
  }

  async #copyPart({ key, range }: CopyPart, target: PartTarget): Promise<CompletedPart> {
    const command = new this.#sdk.UploadPartCopyCommand({
      ...target,
      CopySource: this.#source(key),
      CopySourceRange: `bytes=${range.start}-${range.end}`,
    });
    const { CopyPartResult } = await this.#client.send(command);
    return { PartNumber: target.PartNumber, ETag: CopyPartResult?.ETag };
  }

  /** Idempotent. */
  async delete(key: string): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand({ Bucket: this.#name, Key: key });
    await whereFound(this.#client.send(command));
  }

  /** Objects whose keys begin with `prefix`, in the order of their keys. */
  async list(prefix: string, page: { after?: string; limit: number }): Promise<StoredObject[]> {
    const command = new this.#sdk.ListObjectsV2Command({
      Bucket: this.#name,
      Prefix: prefix,
      MaxKeys: page.limit,
      ...(page.after === undefined ? {} : { StartAfter: page.after }),
    });
    const { Contents = [] } = await this.#send(() => this.#client.send(command));
    return Contents.map((item) => ({
      key: item.Key ?? '',
      sizeBytes: item.Size ?? 0,
      etag: item.ETag ?? '',
      modifiedAt: item.LastModified ?? new Date(0),
    }));
  }

  /** A URL at which anybody may read the object for a quarter of an hour. */
  async sign(key: string): Promise<URL> {
    const command = new this.#sdk.GetObjectCommand({ Bucket: this.#name, Key: key });
    return new URL(
      await this.#sdk.getSignedUrl(this.#client, command, { expiresIn: URL_LIFE_SECONDS }),
    );
  }

  #source(key: string): string {
    return `${this.#name}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }

  async #send<Outcome>(call: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await call();
    } catch (error) {
      throw asFailure(error);
    }
  }
}
