/** The files of the console, as the build left them. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { ConsoleFile, ConsoleFiles, Encoding } from '../http/console/files.ts';

/** Beside the bundle that is run, or beside the compiled sources. */
const FOLDERS = ['../console', '../../console'];

const ENDINGS: Readonly<Record<string, Encoding>> = { '.br': 'br', '.gz': 'gzip' };

/** All of them, in memory: half a megabyte. None where the console was not built. */
export async function readConsole(): Promise<ConsoleFiles> {
  for (const name of FOLDERS) {
    const folder = join(import.meta.dirname, name);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((one) => join(one.parentPath, one.name));
    if (paths.length > 0) return readFiles(folder, paths);
  }
  return new Map();
}

async function readFiles(folder: string, paths: readonly string[]): Promise<ConsoleFiles> {
  const files = new Map<string, Partial<Record<Encoding, Buffer>>>();
  for (const path of paths) {
    const [ending = ''] = /\.(?:br|gz)$/.exec(path) ?? [];
    const plain = path.slice(0, path.length - ending.length);
    const name = relative(folder, plain).split(sep).join('/');
    const encoding = ENDINGS[ending] ?? 'identity';
    files.set(name, { ...files.get(name), [encoding]: await readFile(path) });
  }
  return files as Map<string, ConsoleFile>;
}
