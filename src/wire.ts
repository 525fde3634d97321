/** The only file that names adapters: what the settings say becomes a maker for each port. */
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import type { Accounts } from './storage/accounts.ts';
import type { BlobStore } from './storage/blob-store.ts';
import type { Catalog } from './storage/catalog.ts';
import type { ChangeLog } from './storage/change-log.ts';
import type { IdentityStore } from './storage/identity.ts';
import type { Ledger } from './storage/ledger.ts';
import type { Metadata } from './storage/metadata.ts';
import { PostgresAccounts } from './storage/postgres/accounts.ts';
import { PostgresCatalog } from './storage/postgres/catalog.ts';
import { PostgresChangeLog } from './storage/postgres/change-log.ts';
import { Database } from './storage/postgres/database.ts';
import { PostgresIdentityStore } from './storage/postgres/identity.ts';
import { PostgresMetadata } from './storage/postgres/metadata.ts';
import { PostgresRefreshTokens } from './storage/postgres/refresh-tokens.ts';
import { PostgresReplicas } from './storage/postgres/replicas.ts';
import { PostgresSites } from './storage/postgres/sites.ts';
import { PostgresUploadTracker } from './storage/postgres/upload-tracker.ts';
import type { RefreshTokens } from './storage/refresh-tokens.ts';
import type { Replicas } from './storage/replicas.ts';
import type { Sites } from './storage/sites.ts';
import type { UploadTracker } from './storage/upload-tracker.ts';

/** Every port of a site, open. */
export interface Ports {
  readonly metadata: Metadata;
  readonly catalog: Catalog;
  readonly changeLog: ChangeLog;
  readonly uploadTracker: UploadTracker;
  readonly replicas: Replicas;
  readonly accounts: Accounts;
  readonly refreshTokens: RefreshTokens;
  readonly identityStore: IdentityStore;
  readonly sites: Sites;
  readonly blobStore: BlobStore;
  readonly ledger: Ledger;
  /** Closes what `openPorts` opened. */
  close(): Promise<void>;
}

/** What has to be closed, in the order in which it was opened. */
type Closers = (() => Promise<void>)[];

/** @throws StorageUnavailable where a server does not answer */
export async function openPorts(config: Config, databaseUrl: string): Promise<Ports> {
  const closers: Closers = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const [database, blobStore, ledger] = await Promise.all([
      openDatabase(databaseUrl, config, closers),
      openBlobStore(config),
      openLedger(config, closers),
    ]);
    return { ...factsOf(database), blobStore, ledger, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openDatabase(url: string, config: Config, closers: Closers): Promise<Database> {
  const database = await Database.open({ url, poolSize: config.databaseConnections });
  closers.push(() => database.close());
  return database;
}

function factsOf(database: Database) {
  return {
    metadata: new PostgresMetadata(database),
    catalog: new PostgresCatalog(database),
    changeLog: new PostgresChangeLog(database),
    uploadTracker: new PostgresUploadTracker(database),
    replicas: new PostgresReplicas(database),
    accounts: new PostgresAccounts(database),
    refreshTokens: new PostgresRefreshTokens(database),
    identityStore: new PostgresIdentityStore(database),
    sites: new PostgresSites(database),
  };
}

async function openBlobStore({ storage }: Config): Promise<BlobStore> {
  const { FilesystemBlobStore } = await import('./storage/filesystem/blob-store.ts');
  if (storage.kind === 'file') return FilesystemBlobStore.open({ folder: storage.directory });
  throw new Error('S3 is not wired yet');
}

async function openLedger({ redisUrl, site }: Config, closers: Closers): Promise<Ledger> {
  if (!redisUrl) return new (await import('./storage/memory/ledger.ts')).MemoryLedger();
  const { openRedis } = await import('./storage/redis/connection.ts');
  const { RedisLedger } = await import('./storage/redis/ledger.ts');
  const redis = await openRedis(new URL(redisUrl));
  closers.push(async () => redis.disconnect());
  return new RedisLedger(redis, site);
}

/** A database of our own, for a site that was given none. */
export interface OwnDatabase {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the embedded server; the caller holds the lock of the data folder. */
export async function openOwnDatabase(data: string, log: Log): Promise<OwnDatabase> {
  const { EmbeddedPostgres } = await import('./storage/postgres/embedded.ts');
  return EmbeddedPostgres.open({ dataDirectory: data, log });
}

/** Brings the tables up to date. Any number of processes may do so at once. */
export async function migrateDatabase(databaseUrl: string): Promise<void> {
  const { migrate } = await import('./storage/postgres/migrate.ts');
  await migrate(databaseUrl);
}
