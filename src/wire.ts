/**
 * The only file that names adapters: what the settings say becomes a maker for each port. Each is
 * loaded when it is opened, so that a site loads only what it uses, and its database starts
 * meanwhile.
 */
import { type Limit, type Limiter, openShares } from './auth/limits/limiter.ts';
import { systemClock as clock } from './clock.ts';
import { VERSION } from './config/version.ts';
import { type Config, processEnvironment } from './config.ts';
import type { Log } from './log.ts';
import type { VirtualUpstream } from './oci/virtual-registry.ts';
import type { Accounts } from './storage/accounts.ts';
import type { BlobStore } from './storage/blob-store.ts';
import type { Catalog } from './storage/catalog.ts';
import type { ChangeLog } from './storage/change-log.ts';
import type { Primary } from './storage/distribution/primary.ts';
import type { ActivityFeed } from './storage/events/activity.ts';
import type { Courier } from './storage/events/courier.ts';
import type { EventTokens } from './storage/events/event-tokens.ts';
import type { ExternalImages } from './storage/events/external-images.ts';
import type { Outbox } from './storage/events/outbox.ts';
import type { Webhooks } from './storage/events/webhooks.ts';
import type { GarbageReviews } from './storage/garbage.ts';
import type { GarbageBin } from './storage/garbage-bin.ts';
import type { Arrivals } from './storage/geo/arrivals.ts';
import type { Inventory } from './storage/geo/inventory.ts';
import type { Ledger } from './storage/geo/ledger.ts';
import type { Orders } from './storage/geo/orders.ts';
import type { Replicas } from './storage/geo/replicas.ts';
import type { SiteReports } from './storage/geo/site-reports.ts';
import type { Snapshot } from './storage/geo/snapshot.ts';
import type { IdentityStore } from './storage/identity.ts';
import type { Leases } from './storage/leases.ts';
import type { Policies } from './storage/lifecycle/policies.ts';
import type { TagSweeps } from './storage/lifecycle/tag-sweeps.ts';
import type { Metadata } from './storage/metadata.ts';
import type { AuditLog } from './storage/people/audit-log.ts';
import type { RefreshTokens } from './storage/refresh-tokens.ts';
import type { SecretKeyStore } from './storage/secret-key.ts';
import type { Sites } from './storage/sites.ts';
import type { ImagePulls } from './storage/tree/pulls.ts';
import type { NameTree } from './storage/tree/tree.ts';
import type { TreeChanges } from './storage/tree/tree-changes.ts';
import type { UploadTracker } from './storage/upload-tracker.ts';
import type { VirtualCache } from './storage/virtual/cache.ts';
import type { VirtualCounts } from './storage/virtual/counts.ts';
import type { VirtualRegistries } from './storage/virtual/registries.ts';
import { LazyRemotes } from './wire/remotes.ts';

/** What somebody opened and has to close. */
export interface Closable {
  close(): Promise<void>;
}

/** Every port of a site, open. */
export interface Ports extends Closable {
  readonly metadata: Metadata;
  readonly catalog: Catalog;
  readonly nameTree: NameTree;
  readonly imagePulls: ImagePulls;
  readonly treeChanges: TreeChanges;
  readonly changeLog: ChangeLog;
  readonly uploadTracker: UploadTracker;
  readonly replicas: Replicas;
  readonly arrivals: Arrivals;
  readonly garbageReviews: GarbageReviews;
  readonly garbageBin: GarbageBin;
  readonly policies: Policies;
  readonly tagSweeps: TagSweeps;
  readonly accounts: Accounts;
  readonly refreshTokens: RefreshTokens;
  readonly identityStore: IdentityStore;
  readonly sites: Sites;
  readonly snapshot: Snapshot;
  readonly orders: Orders;
  readonly inventory: Inventory;
  readonly siteReports: SiteReports;
  readonly webhooks: Webhooks;
  readonly outbox: Outbox;
  readonly activityFeed: ActivityFeed;
  readonly auditLog: AuditLog;
  readonly eventTokens: EventTokens;
  readonly externalImages: ExternalImages;
  readonly leases: Leases;
  readonly virtualRegistries: VirtualRegistries;
  readonly virtualCache: VirtualCache;
  readonly virtualCounts: VirtualCounts;
  readonly secretKeyStore: SecretKeyStore;
  readonly blobStore: BlobStore;
  readonly ledger: Ledger;
  /** Where all machines count what is limited; absent where one process counts its own. */
  readonly openLimiter?: (limit: Limit) => Limiter;
}

/** @throws StorageUnavailable where a server does not answer */
export async function openPorts(config: Config, databaseUrl: string): Promise<Ports> {
  const { openFacts } = await import('./wire/facts.ts');
  const facts = await openFacts({ url: databaseUrl, poolSize: config.databaseConnections });
  try {
    const [blobs, transfers] = await Promise.all([openBlobStore(config), openLedger(config)]);
    const { FilesystemSecretKeyStore } = await import('./storage/filesystem/secret-key.ts');
    const secretKeyStore = new FilesystemSecretKeyStore(config.data);
    const close = async () => {
      await transfers.close();
      await blobs.close();
      await facts.close();
    };
    return { ...facts, ...blobs, ...transfers, secretKeyStore, close };
  } catch (error) {
    await facts.close();
    throw error;
  }
}

export async function openBlobStore({
  storage,
}: Config): Promise<Closable & { blobStore: BlobStore }> {
  if (storage.kind === 'file') {
    const { FilesystemBlobStore } = await import('./storage/filesystem/blob-store.ts');
    const blobStore = await FilesystemBlobStore.open({ folder: storage.directory, clock });
    return { blobStore, close: async () => {} };
  }
  const { S3BlobStore } = await import('./storage/s3/blob-store.ts');
  const blobStore = await S3BlobStore.open({ location: storage });
  return { blobStore, close: async () => blobStore.close() };
}

/** What is kept in Redis where there is one, and in this process otherwise. */
async function openLedger({
  redisUrl,
  site,
  processes,
}: Config): Promise<Closable & Pick<Ports, 'ledger' | 'openLimiter'>> {
  if (!redisUrl) {
    const { MemoryLedger } = await import('./storage/memory/ledger.ts');
    const shares = processes > 1 ? { openLimiter: openShares(processes) } : {};
    return { ledger: new MemoryLedger(), ...shares, close: async () => {} };
  }
  const { openRedis } = await import('./storage/redis/connection.ts');
  const { RedisLedger } = await import('./storage/redis/ledger.ts');
  const { createRedisLimiter } = await import('./storage/redis/limiters.ts');
  const redis = await openRedis(new URL(redisUrl));
  return {
    ledger: new RedisLedger(redis, site),
    openLimiter: (limit) => createRedisLimiter(redis, site, limit),
    close: async () => redis.disconnect(),
  };
}

/**
 * The primary, as a secondary reads from it and writes to it. Does no I/O: it may be away.
 *
 * @param introduce gives the headers by which this site shows the primary who it is
 */
export async function openPrimary(
  url: string,
  introduce?: () => Promise<Readonly<Record<string, string>>>,
): Promise<Primary> {
  const distribution = await import('./storage/distribution/primary.ts');
  const asWhom = introduce ? { introduce } : {};
  return distribution.openPrimary({ url: new URL(url), clock, ...asWhom });
}

/** What brings events to webhooks. */
export async function openCourier(config: Config): Promise<Courier> {
  const { HttpCourier } = await import('./storage/http/courier.ts');
  return new HttpCourier({ networks: config.webhookNetworks, timeoutMs: config.webhookTimeoutMs });
}

/**
 * What reads from upstreams. Does no I/O: they may be away.
 *
 * @param unseal gives the password of an upstream that has credentials
 */
export function openRemotes(
  { upstreamNetworks: networks, publicUrl }: Config,
  unseal: (upstream: VirtualUpstream) => Promise<string> | string,
): LazyRemotes {
  const ownUrls = publicUrl ? [publicUrl] : [];
  const userAgent = `meridian/${VERSION}`;
  return new LazyRemotes(async () => {
    const { DistributionRemotes } = await import('./storage/distribution/remote/remotes.ts');
    return new DistributionRemotes({ clock, networks, ownUrls, userAgent, unseal });
  });
}

export type { Primary };

/** Where the facts of a site are. */
export interface SiteDatabase extends Closable {
  readonly url: string;
}

/**
 * Opens the database, the embedded one where none was given, and brings its tables up to date. Any
 * number of processes may do so at once with one that was given.
 *
 * @throws Error in one sentence where another process has the data folder; StorageUnavailable
 */
export async function openDatabase(config: Config, log: Log): Promise<SiteDatabase> {
  const loading = import('./wire/facts.ts');
  // Where it fails, the migration itself says so.
  const loadMigrator = () => {
    loading.then((facts) => facts.loadMigrator()).catch(() => undefined);
  };
  const opening = openServer(config, log, loadMigrator);
  const [database, { migrate }] = await Promise.all([opening, loading]);
  try {
    await migrate(database.url);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The same, with its tables as they are. */
export async function openServer(
  { databaseUrl, data }: Config,
  log: Log,
  onFirstStart = () => {},
): Promise<SiteDatabase> {
  if (databaseUrl) return { url: databaseUrl, close: async () => {} };
  return openOwnDatabase({ data, log, onFirstStart });
}

/** @throws Error where no database can be made in advance */
export async function prepareDatabase(): Promise<void> {
  const { prepareFirstStarts } = await import('./storage/postgres/embedded.ts');
  await prepareFirstStarts(searchPath());
}

function searchPath(): string {
  return processEnvironment()['PATH'] ?? '';
}

interface OwnDatabaseOptions {
  readonly data: string;
  readonly log: Log;
  readonly onFirstStart: () => void;
}

/** Takes the data folder for this process and starts the embedded server in it. */
async function openOwnDatabase(options: OwnDatabaseOptions): Promise<SiteDatabase> {
  const { data, log, onFirstStart } = options;
  const { DataDirectoryLock } = await import('./storage/filesystem/data-directory.ts');
  const lock = await DataDirectoryLock.open(data);
  try {
    const { EmbeddedPostgres } = await import('./storage/postgres/embedded.ts');
    const server = await EmbeddedPostgres.open({
      dataDirectory: data,
      log,
      onFirstStart,
      searchPath: searchPath(),
    });
    const close = async () => {
      await server.close();
      await lock.close();
    };
    return { url: server.url, close };
  } catch (error) {
    await lock.close();
    throw error;
  }
}
