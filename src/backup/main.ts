/** `meridian backup` and `meridian restore`: they stand beside a site, and need not ask it. */

import { systemClock as clock } from '../clock.ts';
import { VERSION } from '../config/version.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { type ArchiveChoice, findDatabase, openParts } from '../wire/archive.ts';
import { openServer } from '../wire.ts';
import { type BackupReport, type BlobProgress, backUp, restore } from './backup.ts';

interface Watched {
  readonly progress?: BlobProgress;
}

/** While the site runs, or while it does not. @throws Error in one sentence */
export async function backUpSite(
  config: Config,
  { progress, ...choice }: ArchiveChoice & Watched,
): Promise<BackupReport> {
  const database = await findDatabase(config, createLog('error'));
  try {
    const parts = await openParts(config, database.url, choice);
    try {
      const watched = { ...parts, ...(progress ? { progress } : {}) };
      return await backUp(watched, { now: clock.now(), version: VERSION });
    } finally {
      await parts.close();
    }
  } finally {
    await database.close();
  }
}

/** Into an empty data folder, an empty database, or both. @throws Error in one sentence */
export async function restoreSite(
  config: Config,
  { progress, ...choice }: ArchiveChoice & Watched & { readonly isPartial: boolean },
): Promise<BackupReport> {
  const database = await openServer(config, createLog('error'));
  try {
    const parts = await openParts(config, database.url, choice);
    try {
      return await restore({ ...parts, ...(progress ? { progress } : {}) }, choice.isPartial);
    } finally {
      await parts.close();
    }
  } finally {
    await database.close();
  }
}
