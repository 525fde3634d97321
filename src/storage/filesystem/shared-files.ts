/**
 * Files that many read at once, as the staging of a blob that everybody waits for: opened once for
 * all of them, and closed behind the last one.
 */
import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { whereFound } from './failures.ts';

/** A file that stays open, also where it is taken away meanwhile, until it is let go of. */
export interface SharedFile {
  readonly handle: FileHandle;
  /** As long as it was when it was asked for. */
  readonly sizeBytes: number;
  /** To be called once. */
  readonly letGo: () => Promise<void>;
}

interface Opened {
  readonly handle: Promise<FileHandle | undefined>;
  readers: number;
}

export class SharedFiles {
  /** By inode too: a file that was taken away and begun anew is another one. */
  readonly #opened = new Map<string, Opened>();
  /** Looks that are under way, by file: who comes meanwhile shares them. */
  readonly #looks = new Map<string, Promise<Stats | undefined>>();

  /** `undefined` where it is not there. */
  async take(file: string): Promise<SharedFile | undefined> {
    const stats = await this.#look(file);
    if (!stats) return undefined;
    const key = `${file} ${stats.ino}`;
    const opened = this.#opened.get(key) ?? { handle: whereFound(open(file, 'r')), readers: 0 };
    opened.readers += 1;
    this.#opened.set(key, opened);
    const letGo = async () => {
      opened.readers -= 1;
      if (opened.readers > 0) return;
      // Before anything is waited for: who comes now must not join what is being closed.
      this.#opened.delete(key);
      await (await opened.handle)?.close();
    };
    try {
      const handle = await opened.handle;
      if (handle) return { handle, sizeBytes: stats.size, letGo };
      await letGo();
      return undefined;
    } catch (error) {
      await letGo().catch(() => undefined);
      throw error;
    }
  }

  #look(file: string): Promise<Stats | undefined> {
    const running = this.#looks.get(file);
    if (running) return running;
    const look = whereFound(stat(file)).finally(() => this.#looks.delete(file));
    this.#looks.set(file, look);
    return look;
  }
}
