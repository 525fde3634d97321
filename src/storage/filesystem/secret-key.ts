/** `SecretKeyStore` as a file: `<data directory>/secret-key`, for its owner alone. */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SECRET_KEY_BYTES, type SecretKeyStore } from '../secret-key.ts';
import { makeFolder, syncFolder } from './durable.ts';
import { whereFound } from './failures.ts';

const OWNER_ONLY = 0o600;

export class FilesystemSecretKeyStore implements SecretKeyStore {
  readonly #folder: string;
  readonly #file: string;

  /** @param folder the data directory; made where it is not there */
  constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'secret-key');
  }

  /** @throws Error in one sentence where the file holds something else */
  async find(): Promise<Buffer | undefined> {
    const text = await whereFound(readFile(this.#file, 'utf8'));
    if (text === undefined) return undefined;
    const key = Buffer.from(text.trim(), 'base64url');
    if (key.length === SECRET_KEY_BYTES) return key;
    throw new Error(
      `${this.#file} holds no key of ${SECRET_KEY_BYTES} bytes: restore it, or take it away and ` +
        'give the passwords of upstreams anew.',
    );
  }

  async establish(key: Buffer): Promise<Buffer> {
    // A link is made by one alone, and only to a file that is whole.
    await this.#place(key, async (file) => {
      await link(file, this.#file).catch(passOverExisting);
      await rm(file);
    });
    return (await this.find())!;
  }

  async replace(key: Buffer): Promise<void> {
    await this.#place(key, (file) => rename(file, this.#file));
  }

  /** Writes the key to a file of its own, which goes to its name by `move`. */
  async #place(key: Buffer, move: (file: string) => Promise<void>): Promise<void> {
    await makeFolder(this.#folder);
    const file = `${this.#file}.${randomUUID()}`;
    const handle = await open(file, 'wx', OWNER_ONLY);
    try {
      await handle.writeFile(`${key.toString('base64url')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await move(file);
    await syncFolder(this.#folder);
  }
}

function passOverExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}
