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
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

/**
 * Moves a synced file to its name for good; makes the folder where it is the first there.
 *
 * @returns whether the file was there.
 */
export async function moveDurably(file: string, target: string): Promise<boolean> {
  const isMoved = (await tryRename(file, target)) || (await moveToNewFolder(file, target));
  if (isMoved) await syncFolder(dirname(target));
  return isMoved;
}

async function moveToNewFolder(file: string, target: string): Promise<boolean> {
  await makeFolder(dirname(target));
  return tryRename(file, target);
}

async function tryRename(file: string, target: string): Promise<boolean> {
  const done = await whereFound(rename(file, target).then(() => true));
  return done ?? false;
}
