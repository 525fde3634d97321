/** Blobs in a folder of a local or shared file system; the layout is drawn in `layout.ts`. */
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../clock.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';
import type {
  Append,
  AppendOutcome,
  BlobStore,
  CommitOutcome,
  Whereabouts,
} from '../blob-store.ts';
import { Growth, type PositionedReader } from '../growth.ts';
import { makeFolder, moveDurably, syncFolder } from './durable.ts';
import { asFailure, whereFound } from './failures.ts';
import { FollowedFiles, isLocal } from './followed.ts';
import { Layout } from './layout.ts';
import { listBlobs } from './listing.ts';
import { ReadingRoom } from './reading.ts';
import { appendToFile, digestOfFile } from './staging-file.ts';
import { UnderWayStagings } from './under-way.ts';

interface Wanted {
  readonly range?: ByteRange | undefined;
  /** A staging that this process writes. */
  readonly staging?: string;
  /** How far the file grew, where another process writes it. */
  readonly growth?: Growth;
}

interface Place {
  readonly folder: string;
  readonly clock?: Clock;
}

export class FilesystemBlobStore implements BlobStore {
  /** On a file system of this machine alone. */
  readonly followsOthers: boolean;
  readonly #layout: Layout;
  readonly #reading = new ReadingRoom();
  readonly #underWay = new UnderWayStagings();
  readonly #followed: FollowedFiles;

  private constructor(layout: Layout, clock: Clock, followsOthers: boolean) {
    this.#layout = layout;
    this.#followed = new FollowedFiles(clock);
    this.followsOthers = followsOthers;
  }

  /** Takes the folder, made where it is not there. */
  static async open({ folder, clock = systemClock }: Place): Promise<FilesystemBlobStore> {
    const layout = new Layout(folder);
    await makeFolder(layout.staging);
    return new FilesystemBlobStore(layout, clock, await isLocal(layout.staging));
  }

  async find(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined> {
    const stats = await whereFound(stat(this.#layout.blobFile(digest)));
    return stats && { sizeBytes: stats.size };
  }

  async open(digest: Digest, range?: ByteRange): Promise<PositionedReader | undefined> {
    return this.#read(this.#layout.blobFile(digest), { range });
  }

  async locate(digest: Digest): Promise<Whereabouts | undefined> {
    const found = await this.find(digest);
    return found && { kind: 'file', path: this.#layout.blobPath(digest) };
  }

  async append(staging: string, append: Append): Promise<AppendOutcome> {
    const file = this.#layout.stagingFile(staging);
    return appendToFile({ staging, file, underWay: this.#underWay }, append);
  }

  async openStaging(staging: string, range: ByteRange): Promise<PositionedReader | undefined> {
    const file = this.#layout.stagingFile(staging);
    if (!this.followsOthers || this.#underWay.isWritten(staging)) {
      return this.#read(file, { range, staging });
    }
    const followed = await this.#followed.follow(file);
    if (!followed) return undefined;
    const { growth, letGo } = followed;
    const reader = await this.#read(file, { range, growth }).catch((error: unknown) => {
      letGo();
      throw error;
    });
    if (reader) reader.once('close', letGo);
    else letGo();
    return reader;
  }

  async commit(staging: string, digest: Digest): Promise<CommitOutcome> {
    const file = this.#layout.stagingFile(staging);
    const stats = await whereFound(stat(file, { bigint: true }));
    if (!stats) return { kind: 'unknown' };
    const known = this.#underWay.takeHasher(staging, stats);
    const algorithm = algorithmOf(digest);
    const actual =
      known?.algorithm === algorithm
        ? known.digest()
        : await whereFound(digestOfFile(file, algorithm));
    if (actual === undefined) return { kind: 'unknown' };
    if (actual !== digest) {
      await this.discard(staging);
      return { kind: 'mismatch', actual };
    }
    const sizeBytes = Number(stats.size);
    return (await this.#keep(staging, digest, sizeBytes))
      ? { kind: 'committed', sizeBytes }
      : { kind: 'unknown' };
  }

  async discard(staging: string): Promise<void> {
    this.#underWay.forget(staging);
    await whereFound(rm(this.#layout.stagingFile(staging)));
  }

  async delete(digest: Digest): Promise<void> {
    await whereFound(rm(this.#layout.blobFile(digest)));
  }

  async list(page: { readonly after?: Digest; readonly limit: number }): Promise<Digest[]> {
    return listBlobs(this.#layout, page);
  }

  async listStagings(before: Date): Promise<string[]> {
    const names = (await whereFound(readdir(this.#layout.staging))) ?? [];
    const old: string[] = [];
    for (const name of names) {
      const stats = await whereFound(stat(join(this.#layout.staging, name)));
      if (stats && stats.mtime < before) old.push(name);
    }
    return old;
  }

  /** Opens once and reads on: a blob that goes meanwhile stays readable to whoever has it open. */
  async #read(
    file: string,
    { range, staging, growth: followed }: Wanted,
  ): Promise<PositionedReader | undefined> {
    const handle = await whereFound(open(file, 'r'));
    if (!handle) return undefined;
    try {
      const sizeBytes = range && !staging ? range.end + 1 : (await handle.stat()).size;
      const written = staging ? this.#underWay.growthOf(staging, sizeBytes) : undefined;
      const growth = followed ?? written ?? new Growth(sizeBytes);
      return this.#reading.open(handle, growth, range ?? { start: 0, end: sizeBytes - 1 });
    } catch (error) {
      await handle.close();
      throw asFailure(error);
    }
  }

  /** Gives the proven staging its name. A blob that is there already stays as it is. */
  async #keep(staging: string, digest: Digest, sizeBytes: number): Promise<boolean> {
    const [file, target] = [this.#layout.stagingFile(staging), this.#layout.blobFile(digest)];
    const existing = await this.find(digest);
    if (existing?.sizeBytes === sizeBytes) {
      // Whoever moved it there may not have synced the folder yet.
      await syncFolder(this.#layout.prefixFolder(digest));
      await this.discard(staging);
      return true;
    }
    const isMoved = await moveDurably(file, target);
    this.#underWay.forget(staging);
    return isMoved;
  }
}
