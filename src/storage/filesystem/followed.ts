/**
 * Stagings that another process of this machine writes, followed by looking how long their files
 * are. One kernel has both processes' bytes in one memory, so whatever lies before the end of the
 * file is there; of a file on another machine that is not so, and it is not followed.
 */
import { type FileHandle, statfs } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { Growth } from '../growth.ts';
import type { SharedFile } from './shared-files.ts';

/** How soon a reader learns of the first bytes, and of more. */
const FIRST_LOOK_MS = 5;
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

/** How far a file grew, looked at as long as it is not let go of. */
interface Following {
  readonly growth: Growth;
  readonly letGo: () => void;
}

export class FollowedFiles {
  readonly #clock: Clock;
  readonly #followed = new Map<FileHandle, Followed>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All readers of the file share one look. It must stay open until this is let go of. */
  follow({ handle, sizeBytes }: Pick<SharedFile, 'handle' | 'sizeBytes'>): Following {
    const known = this.#followed.get(handle);
    const followed = known ?? { growth: new Growth(sizeBytes), readers: 0 };
    followed.readers += 1;
    if (!known) {
      this.#followed.set(handle, followed);
      void this.#look(handle, followed);
    }
    return { growth: followed.growth, letGo: () => void (followed.readers -= 1) };
  }

  /** Never rejects: what fails is told to the readers. */
  async #look(handle: FileHandle, followed: Followed): Promise<void> {
    const { growth } = followed;
    try {
      for (;;) {
        await this.#clock.sleep(growth.lengthBytes === 0 ? FIRST_LOOK_MS : LOOK_MS);
        // The last reader closed it.
        if (followed.readers === 0) break;
        const { size, nlink } = await handle.stat();
        if (size > growth.lengthBytes) growth.advance(size);
        // A blob that it became has a name still.
        if (nlink === 0) throw new Error('the staging is gone');
      }
    } catch (error) {
      growth.end(error as Error);
    }
    // Before anything is waited for: who comes now must not join what is looked at no more.
    this.#followed.delete(handle);
  }
}
