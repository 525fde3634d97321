/** Reads a blob that is on its way here, at the reader's own pace. */
import { pipeline, Readable, Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import type { ByteRange } from '../../oci/range.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { StorageUnavailable } from '../../storage/failure.ts';
import type { FirstBytes } from './first-bytes.ts';
import type { Transfer } from './transfer.ts';

interface Reading {
  /** One that is opened. */
  readonly transfer: Pick<Transfer, 'digest' | 'staging' | 'proven' | 'firstBytes'>;
  readonly blobStore: Pick<BlobStore, 'open' | 'openStaging'>;
  /** Inside the blob. */
  readonly range: ByteRange;
}

/**
 * All but the last byte as they arrive, and that one when the digest is proven. Breaks with an
 * error, never ends short.
 */
export async function readAlong(reading: Reading): Promise<Readable> {
  const { transfer, range } = reading;
  if (range.end < range.start) {
    await transfer.proven;
    return Readable.from([]);
  }
  const body = new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: callbackify(() => readLastByte(reading)),
  });
  const { firstBytes } = transfer;
  if (firstBytes?.offset === range.start) void pourFromMemory(reading, firstBytes, body);
  else pour(await openFrom(reading, range.start), body);
  // A staging that is kept for later does not break who reads along; the failure itself does.
  transfer.proven.catch((error: Error) => body.destroy(error));
  return body;
}

/** The first bytes as soon as they are here; the file is opened behind them. Never rejects. */
async function pourFromMemory(
  reading: Reading,
  firstBytes: FirstBytes,
  body: Transform,
): Promise<void> {
  const { start, end } = reading.range;
  try {
    const bytes = (await firstBytes.bytes).subarray(0, end - start);
    if (bytes.length > 0 && !body.destroyed) body.write(bytes);
    pour(await openFrom(reading, start + bytes.length), body);
  } catch (error) {
    body.destroy(error as Error);
  }
}

/** Breaks the body where the rest breaks, and lets go of the rest where the client goes. */
function pour(rest: Readable, body: Transform): void {
  if (body.destroyed) rest.destroy();
  else pipeline(rest, body, () => undefined);
}

/** From there to the last byte but one. @throws StorageUnavailable */
async function openFrom({ transfer, blobStore, range }: Reading, start: number): Promise<Readable> {
  const { staging, digest } = transfer;
  const rest = { start, end: range.end - 1 };
  if (rest.end < rest.start) return Readable.from([]);
  const found =
    (await blobStore.openStaging(staging, rest)) ?? (await blobStore.open(digest, rest));
  if (!found) throw new StorageUnavailable(`the transfer of ${digest} broke off`);
  return found;
}

async function readLastByte({ transfer, blobStore, range }: Reading): Promise<Buffer> {
  const { proven, digest } = transfer;
  await proven;
  const last = await blobStore.open(digest, { start: range.end, end: range.end });
  if (!last) throw new StorageUnavailable(`${digest} went away while it was read`);
  return buffer(last);
}
