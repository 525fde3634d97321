/** Changes to folders that outlive a power cut. */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { whereFound } from './failures.ts';

/** Makes what was created, renamed or removed in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder and those above it, durably; cheap where it is there. */
export async function makeFolder(folder: string): Promise<void> {
  await syncFolders(await makeFolders(folder));
}

/**
 * Moves a synced file to its name for good; makes the folder where it is the first there.
 *
 * @returns whether the file was there.
 */
export async function moveDurably(file: string, target: string): Promise<boolean> {
  const folder = dirname(target);
  if (await tryRename(file, target)) {
    await syncFolder(folder);
    return true;
  }
  const changed = await makeFolders(folder);
  const isMoved = await tryRename(file, target);
  // All at once, behind the move: none of them is worth anything before the last is done.
  await syncFolders(isMoved ? [folder, ...changed] : changed);
  return isMoved;
}

/** Makes the folder and those above it. @returns those that name a new one, to be synced */
async function makeFolders(folder: string): Promise<string[]> {
  const first = await mkdir(folder, { recursive: true });
  const changed: string[] = [];
  if (first === undefined) return changed;
  for (let made = folder; made.length >= first.length; made = dirname(made)) {
    changed.push(dirname(made));
  }
  return changed;
}

async function syncFolders(folders: readonly string[]): Promise<void> {
  await Promise.all(folders.map(syncFolder));
}

async function tryRename(file: string, target: string): Promise<boolean> {
  const done = await whereFound(rename(file, target).then(() => true));
  return done ?? false;
}
