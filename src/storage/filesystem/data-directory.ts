/**
 * One owner for a data directory: a lock of the operating system on `<data directory>/lock`.
 *
 * The kernel lets go of it when its holder ends, however that happens, so a file that is left
 * behind locks nothing; it holds between containers, too. The file itself stays: taking it away
 * would let two processes lock two files of one name. What it says is for people.
 */
import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { close, constants, ftruncate, open, write } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** macOS locks while it opens; `fs.constants` does not name the flag. */
const O_EXLOCK = 0x20;
const WRITABLE = constants.O_RDWR | constants.O_CREAT;
const FILE_MODE = 0o600;

export class DataDirectoryLock {
  /** A plain descriptor: a `FileHandle` that is forgotten would be closed, and the lock with it. */
  #descriptor: number | undefined;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /**
   * Creates the data directory where there is none, and takes it for this process until `close` or
   * its end. @throws Error in one sentence where another process has it.
   */
  static async open(dataDirectory: string): Promise<DataDirectoryLock> {
    await mkdir(dataDirectory, { recursive: true });
    const file = join(dataDirectory, 'lock');
    const descriptor = await lockFile(file);
    if (descriptor === undefined) throw new Error(await describeOwner(dataDirectory, file));
    await sign(descriptor);
    return new DataDirectoryLock(descriptor);
  }

  /** Whether nobody has it at this moment. Creates nothing where there is no such folder. */
  static async isFree(dataDirectory: string): Promise<boolean> {
    const file = join(dataDirectory, 'lock');
    const exists = await readFile(file).then(
      () => true,
      () => false,
    );
    const descriptor = exists ? await lockFile(file) : undefined;
    if (descriptor !== undefined) await promisify(close)(descriptor);
    return !exists || descriptor !== undefined;
  }

  /** Gives it back. Idempotent. */
  async close(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) await promisify(close)(descriptor);
  }
}

/** @returns the descriptor that holds the lock, or `undefined` where another process holds it. */
async function lockFile(file: string): Promise<number | undefined> {
  return process.platform === 'darwin' ? lockWhileOpening(file) : lockOpened(file);
}

async function lockWhileOpening(file: string): Promise<number | undefined> {
  const flags = WRITABLE | O_EXLOCK | constants.O_NONBLOCK;
  try {
    return await promisify(open)(file, flags, FILE_MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/**
 * Node has no flock(2). The program of that name locks what it inherits, and "the lock is released
 * … when all such file descriptors have been closed" (flock(2)): after it has ended, ours is the
 * last.
 */
async function lockOpened(file: string): Promise<number | undefined> {
  const descriptor = await promisify(open)(file, WRITABLE, FILE_MODE);
  try {
    if (await runFlock(descriptor)) return descriptor;
  } catch (error) {
    await promisify(close)(descriptor);
    throw error;
  }
  await promisify(close)(descriptor);
  return undefined;
}

async function runFlock(descriptor: number): Promise<boolean> {
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', descriptor];
  const child = spawn('flock', ['-x', '-n', '3'], { stdio });
  try {
    const [code] = await once(child, 'exit');
    return code === 0;
  } catch (error) {
    throw new Error('the program flock (of util-linux) is needed to lock the data directory', {
      cause: error,
    });
  }
}

async function sign(descriptor: number): Promise<void> {
  await promisify(ftruncate)(descriptor, 0);
  await promisify(write)(descriptor, Buffer.from(`${process.pid} on ${hostname()}\n`));
}

async function describeOwner(dataDirectory: string, file: string): Promise<string> {
  const owner = (await readFile(file, 'utf8').catch(() => '')).trim();
  const who = owner === '' ? 'Another process' : `Process ${owner}`;
  return (
    `${who} has the data directory ${dataDirectory} open: ` +
    'stop it, or name another directory in MERIDIAN_DATA.'
  );
}
