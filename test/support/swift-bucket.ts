/** A bucket of its own at the tests' S3 server. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { S3BlobStore } from '../../src/storage/s3/blob-store.ts';
import type { S3Location } from '../../src/storage/s3/location.ts';
import { requireSwift, type SwiftServer } from './swift.ts';

export interface SwiftBucket {
  readonly location: S3Location;
  readonly server: SwiftServer;
  /** The `s3:` URL of the bucket. */
  readonly url: URL;
}

/** Makes an empty bucket; skips the test where Swift is not installed. */
export async function requireBucket(test: Mocha.Context): Promise<SwiftBucket> {
  const server = await requireSwift(test);
  const bucket = `test-${randomUUID()}`;
  const { accessKeyId, secretAccessKey, region } = server;
  const client = new S3Client({
    endpoint: server.endpoint.href,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  const query = new URLSearchParams({
    endpoint: server.endpoint.origin,
    region,
    pathStyle: 'true',
  });
  const url = new URL(`s3://${bucket}/meridian?${query.toString()}`);
  const endpoint = server.endpoint.origin;
  const location = { bucket, prefix: 'meridian/', endpoint, region, isPathStyle: true };
  return { location, server, url };
}

/** A store in an empty bucket, for a contract suite. */
export async function openSwiftBlobStore(
  this: Mocha.Context,
): Promise<{ store: S3BlobStore; close: () => Promise<void> }> {
  const { location, server } = await requireBucket(this);
  const store = await S3BlobStore.open({ location, credentials: server });
  return { store, close: async () => store.close() };
}
