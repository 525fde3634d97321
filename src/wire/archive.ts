/** What `meridian backup` and `restore` work with. Apart, since no running site needs it. */
import type { Parts } from '../backup/backup.ts';
import { BackupFolder } from '../backup/folder.ts';
import { systemClock as clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { FilesystemBlobStore } from '../storage/filesystem/blob-store.ts';
import { DataDirectoryLock } from '../storage/filesystem/data-directory.ts';
import { FilesystemSecretKeyStore } from '../storage/filesystem/secret-key.ts';
import { PostgresFactArchive } from '../storage/postgres/archive/archive.ts';
import { EmbeddedPostgres } from '../storage/postgres/embedded.ts';
import { type Closable, openBlobStore, openDatabase, type SiteDatabase } from '../wire.ts';

export interface ArchiveChoice {
  /** Path of the backup. */
  readonly folder: string;
  readonly isFactsOnly: boolean;
}

/** @param databaseUrl a database that answers, whoever runs it */
export async function openParts(
  config: Config,
  databaseUrl: string,
  { folder: path, isFactsOnly }: ArchiveChoice,
): Promise<Parts & Closable> {
  const folder = new BackupFolder(path);
  const own = await openBlobStore(config);
  const kept = {
    secretKeyStore: new FilesystemSecretKeyStore(folder.secretKeyFolder),
    ...(isFactsOnly
      ? {}
      : { blobStore: await FilesystemBlobStore.open({ folder: folder.content, clock }) }),
  };
  const secretKeyStore = new FilesystemSecretKeyStore(config.data);
  const archive = new PostgresFactArchive(databaseUrl);
  return { folder, archive, ...own, secretKeyStore, kept };
}

/** The database of a site, be it that the site runs meanwhile. */
export async function findDatabase(config: Config, log: Log): Promise<SiteDatabase> {
  if (config.databaseUrl) return { url: config.databaseUrl, close: async () => {} };
  if (await DataDirectoryLock.isFree(config.data)) return openDatabase(config, log);
  return { url: await EmbeddedPostgres.locate(config.data), close: async () => {} };
}
