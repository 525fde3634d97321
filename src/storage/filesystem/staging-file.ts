/** One append to the file of a staging, and the digest of what it holds. */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Algorithm, type Digest, Hasher } from '../../oci/digest.ts';
import type { Append, AppendOutcome } from '../blob-store.ts';
import { BatchWriter } from './batch-writer.ts';
import { consume, expectBreak } from './consume.ts';
import { asFailure, whereFound } from './failures.ts';
import type { UnderWayStagings } from './under-way.ts';

const REREAD_CHUNK_BYTES = 1024 * 1024;

/** The staging has fewer bytes than the append wants to follow: a power cut, or a lost disk. */
export class StagingShort extends Error {
  override readonly name = 'StagingShort';
}

interface Place {
  readonly staging: string;
  readonly file: string;
  readonly underWay: UnderWayStagings;
}

/** Cuts the file to the offset, writes behind it, and syncs. See `BlobStore.append`. */
export async function appendToFile(place: Place, append: Append): Promise<AppendOutcome> {
  expectBreak(append.content);
  const handle = await openAt(place.file, append.offset);
  if (!handle) return { offset: 0, interruption: new StagingShort('there is no such staging') };
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.size < append.offset) {
      return { offset: Number(stats.size), interruption: new StagingShort('bytes were lost') };
    }
    return await write({ ...place, handle, stats }, append);
  } finally {
    await handle.close();
  }
}

/** Creates the file only for an upload that begins. */
async function openAt(file: string, offset: number): Promise<FileHandle | undefined> {
  const flags = offset === 0 ? constants.O_WRONLY | constants.O_CREAT : constants.O_WRONLY;
  return whereFound(open(file, flags, 0o644));
}

interface OpenPlace extends Place {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

async function write(place: OpenPlace, append: Append): Promise<AppendOutcome> {
  const { staging, handle, underWay } = place;
  const hasher = hasherFor(place, append);
  const growth = underWay.growthOf(staging, append.offset);
  underWay.setWritten(staging, true);
  const writer = new BatchWriter(handle, append.offset, {
    onWritten: (position) => growth.advance(position),
    isReadAlong: append.isReadAlong ?? false,
  });
  try {
    if (place.stats.size > append.offset) await handle.truncate(append.offset);
    growth.advance(append.offset);
    append.onOpen?.();
    const interruption = await consume(append.content, (chunk) => {
      hasher?.update(chunk);
      return writer.take(chunk);
    });
    await writer.finish();
    if (hasher) underWay.keepHasher(staging, hasher, await handle.stat({ bigint: true }));
    return { offset: writer.position, ...(interruption ? { interruption } : {}) };
  } catch (error) {
    await giveRoomBack(handle, append.offset);
    throw asFailure(error);
  } finally {
    underWay.setWritten(staging, false);
  }
}

/** A hash that has seen everything before the offset; none where the file was written elsewhere. */
function hasherFor({ staging, stats, underWay }: OpenPlace, append: Append): Hasher | undefined {
  const known = underWay.takeHasher(staging, stats);
  if (append.offset === 0) return new Hasher(append.algorithm);
  return Number(stats.size) === append.offset ? known : undefined;
}

/** A disk that is full must not stay full of what was not kept. */
async function giveRoomBack(handle: FileHandle, offset: number): Promise<void> {
  await handle.truncate(offset).catch(() => undefined);
}

/** Reads the whole file and makes sure of it on disk: for what this process did not write. */
export async function digestOfFile(file: string, algorithm: Algorithm): Promise<Digest> {
  const handle = await open(file, 'r');
  try {
    const hasher = new Hasher(algorithm);
    const buffer = Buffer.allocUnsafeSlow(REREAD_CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      hasher.update(buffer.subarray(0, bytesRead));
    }
    await handle.sync();
    return hasher.digest();
  } finally {
    await handle.close();
  }
}
