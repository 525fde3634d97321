/**
 * Stagings that another process of this machine writes, followed by looking how long their files
 * are. One kernel has both processes' bytes in one memory, so whatever lies before the end of the
 * file is there; of a file on another machine that is not so, and it is not followed.
 */
import { type FileHandle, open, statfs } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { Growth } from '../growth.ts';
import { whereFound } from './failures.ts';

/** How soon a reader learns of more bytes. */
const LOOK_MS = 15;

/** File systems of one machine, by the magic numbers of Linux's `statfs`. */
const LOCAL = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0x01021994, // tmpfs
  0x794c7630, // overlay
]);

/** Whether all who can write to the folder run on this machine; not where nobody can tell. */
export async function isLocal(folder: string): Promise<boolean> {
  const found = await statfs(folder).catch(() => undefined);
  return found !== undefined && LOCAL.has(found.type);
}

interface Followed {
  readonly growth: Growth;
  readers: number;
}

export class FollowedFiles {
  readonly #clock: Clock;
  /** By inode too: a file that was taken away and begun anew is another one. */
  readonly #followed = new Map<string, Followed>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * How far the file grew, looked at as long as it is not let go of; all readers share one look.
   * `undefined` where it is not there.
   */
  async follow(file: string): Promise<{ growth: Growth; letGo: () => void } | undefined> {
    const handle = await whereFound(open(file, 'r'));
    if (!handle) return undefined;
    const { ino, size } = await handle.stat();
    const key = `${file} ${ino}`;
    const known = this.#followed.get(key);
    const followed = known ?? { growth: new Growth(size), readers: 0 };
    followed.readers += 1;
    if (known) await handle.close();
    else {
      this.#followed.set(key, followed);
      void this.#look(key, followed, handle);
    }
    return { growth: followed.growth, letGo: () => void (followed.readers -= 1) };
  }

  /** Never rejects: what fails is told to the readers. */
  async #look(key: string, followed: Followed, handle: FileHandle): Promise<void> {
    const { growth } = followed;
    try {
      while (followed.readers > 0) {
        await this.#clock.sleep(LOOK_MS);
        const { size, nlink } = await handle.stat();
        if (size > growth.lengthBytes) growth.advance(size);
        // A blob that it became has a name still.
        if (nlink === 0) throw new Error('the staging is gone');
      }
    } catch (error) {
      growth.end(error as Error);
    }
    // Before anything is waited for: who comes now must not join what is looked at no more.
    this.#followed.delete(key);
    await handle.close().catch(() => undefined);
  }
}
