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
import { type SharedFile, SharedFiles } from './shared-files.ts';
import { appendToFile, digestOfFile } from './staging-file.ts';
import { UnderWayStagings } from './under-way.ts';

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
  readonly #shared = new SharedFiles();
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

  /** A blob that goes meanwhile stays readable to whoever has it open. */
  async open(digest: Digest, range?: ByteRange): Promise<PositionedReader | undefined> {
    const handle = await whereFound(open(this.#layout.blobFile(digest), 'r'));
    if (!handle) return undefined;
    try {
      const sizeBytes = range ? range.end + 1 : (await handle.stat()).size;
      const file = { handle, close: () => handle.close() };
      return this.#reading.open(file, new Growth(sizeBytes), range ?? whole(sizeBytes));
    } catch (error) {
      await handle.close();
      throw asFailure(error);
    }
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
    const file = await this.#shared.take(this.#layout.stagingFile(staging));
    if (!file) return undefined;
    const { growth, letGo } = this.#watch(staging, file);
    const close = () => {
      letGo?.();
      return file.letGo();
    };
    return this.#reading.openShared({ handle: file.handle, close }, growth, range);
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

  /** How far the staging grew, whoever writes it. */
  #watch(staging: string, file: SharedFile): { growth: Growth; letGo?: () => void } {
    const isFollowed = this.followsOthers && !this.#underWay.isWritten(staging);
    if (isFollowed) return this.#followed.follow(file);
    return { growth: this.#underWay.growthOf(staging, file.sizeBytes) };
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

function whole(sizeBytes: number): ByteRange {
  return { start: 0, end: sizeBytes - 1 };
}
