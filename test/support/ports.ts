/** All ports of a site that the tests start in their own process: in memory, or on PostgreSQL. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/clock.ts';
import { FilesystemBlobStore } from '../../src/storage/filesystem/blob-store.ts';
import type { Ledger } from '../../src/storage/geo/ledger.ts';
import { MemoryAccounts } from '../../src/storage/memory/accounts.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { MemoryCatalog } from '../../src/storage/memory/catalog.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryActivityFeed } from '../../src/storage/memory/events/activity.ts';
import { MemoryEventTokens } from '../../src/storage/memory/events/event-tokens.ts';
import { MemoryExternalImages } from '../../src/storage/memory/events/external-images.ts';
import { MemoryOutbox } from '../../src/storage/memory/events/outbox.ts';
import { MemoryWebhooks } from '../../src/storage/memory/events/webhooks.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryGarbageBin } from '../../src/storage/memory/garbage/bin.ts';
import { MemoryGarbageReviews } from '../../src/storage/memory/garbage/reviews.ts';
import { MemoryArrivals } from '../../src/storage/memory/geo/arrivals.ts';
import { MemoryInventory } from '../../src/storage/memory/geo/inventory.ts';
import { MemoryOrders } from '../../src/storage/memory/geo/orders.ts';
import { MemorySiteReports } from '../../src/storage/memory/geo/site-reports.ts';
import { MemorySnapshot } from '../../src/storage/memory/geo/snapshot.ts';
import { MemoryIdentityStore } from '../../src/storage/memory/identity.ts';
import { MemoryLeases } from '../../src/storage/memory/leases.ts';
import { MemoryLedger } from '../../src/storage/memory/ledger.ts';
import { MemoryPolicies } from '../../src/storage/memory/lifecycle/policies.ts';
import { MemoryTagSweeps } from '../../src/storage/memory/lifecycle/tag-sweeps.ts';
import { MemoryMetadata } from '../../src/storage/memory/metadata.ts';
import { MemoryAuditLog } from '../../src/storage/memory/people/audit-log.ts';
import { MemoryRefreshTokens } from '../../src/storage/memory/refresh-tokens.ts';
import { MemoryReplicas } from '../../src/storage/memory/replicas.ts';
import { MemorySecretKeyStore } from '../../src/storage/memory/secret-key.ts';
import { MemorySites } from '../../src/storage/memory/sites.ts';
import { MemoryImagePulls } from '../../src/storage/memory/tree/pulls.ts';
import { MemoryNameTree } from '../../src/storage/memory/tree/tree.ts';
import { MemoryTreeChanges } from '../../src/storage/memory/tree/tree-changes.ts';
import { MemoryUploadTracker } from '../../src/storage/memory/upload-tracker.ts';
import { MemoryVirtualCache } from '../../src/storage/memory/virtual/cache.ts';
import { MemoryVirtualCounts } from '../../src/storage/memory/virtual/counts.ts';
import { MemoryVirtualRegistries } from '../../src/storage/memory/virtual/registries.ts';
import { PostgresAccounts } from '../../src/storage/postgres/accounts.ts';
import { PostgresCatalog } from '../../src/storage/postgres/catalog.ts';
import { PostgresChangeLog } from '../../src/storage/postgres/change-log.ts';
import { Database } from '../../src/storage/postgres/database.ts';
import { PostgresActivityFeed } from '../../src/storage/postgres/events/activity.ts';
import { PostgresEventTokens } from '../../src/storage/postgres/events/event-tokens.ts';
import { PostgresExternalImages } from '../../src/storage/postgres/events/external-images.ts';
import { PostgresOutbox } from '../../src/storage/postgres/events/outbox.ts';
import { PostgresWebhooks } from '../../src/storage/postgres/events/webhooks.ts';
import { PostgresGarbageBin } from '../../src/storage/postgres/garbage/bin.ts';
import { PostgresGarbageReviews } from '../../src/storage/postgres/garbage/reviews.ts';
import { PostgresArrivals } from '../../src/storage/postgres/geo/arrivals.ts';
import { PostgresInventory } from '../../src/storage/postgres/geo/inventory.ts';
import { PostgresOrders } from '../../src/storage/postgres/geo/orders.ts';
import { PostgresSiteReports } from '../../src/storage/postgres/geo/site-reports.ts';
import { PostgresSnapshot } from '../../src/storage/postgres/geo/snapshot.ts';
import { PostgresIdentityStore } from '../../src/storage/postgres/identity.ts';
import { PostgresLeases } from '../../src/storage/postgres/leases.ts';
import { PostgresPolicies } from '../../src/storage/postgres/lifecycle/policies.ts';
import { PostgresTagSweeps } from '../../src/storage/postgres/lifecycle/tag-sweeps.ts';
import { PostgresMetadata } from '../../src/storage/postgres/metadata.ts';
import { PostgresAuditLog } from '../../src/storage/postgres/people/audit-log.ts';
import { PostgresRefreshTokens } from '../../src/storage/postgres/refresh-tokens.ts';
import { PostgresReplicas } from '../../src/storage/postgres/replicas.ts';
import { PostgresSites } from '../../src/storage/postgres/sites.ts';
import { PostgresTreeChanges } from '../../src/storage/postgres/tree/changes/tree-changes.ts';
import { PostgresImagePulls } from '../../src/storage/postgres/tree/pulls.ts';
import { PostgresNameTree } from '../../src/storage/postgres/tree/tree.ts';
import { PostgresUploadTracker } from '../../src/storage/postgres/upload-tracker.ts';
import { PostgresVirtualCache } from '../../src/storage/postgres/virtual/cache.ts';
import { PostgresVirtualCounts } from '../../src/storage/postgres/virtual/counts.ts';
import { PostgresVirtualRegistries } from '../../src/storage/postgres/virtual/registries.ts';
import { openTestDatabase } from './database.ts';

export type TestPorts = Awaited<ReturnType<OpenPorts>>;
export type OpenPorts = typeof openMemoryPorts | typeof openPostgresPorts;

export async function openMemoryPorts() {
  const facts = new MemoryFacts({ clock });
  const garbageBin = new MemoryGarbageBin();
  return {
    metadata: new MemoryMetadata(facts),
    catalog: new MemoryCatalog(facts),
    nameTree: new MemoryNameTree(facts),
    imagePulls: new MemoryImagePulls(facts),
    treeChanges: new MemoryTreeChanges(facts),
    changeLog: new MemoryChangeLog(facts),
    uploadTracker: new MemoryUploadTracker(),
    replicas: new MemoryReplicas(facts),
    arrivals: new MemoryArrivals(facts),
    garbageReviews: new MemoryGarbageReviews(facts, garbageBin),
    garbageBin,
    policies: new MemoryPolicies(facts),
    tagSweeps: new MemoryTagSweeps(facts),
    accounts: new MemoryAccounts(facts),
    refreshTokens: new MemoryRefreshTokens(),
    identityStore: new MemoryIdentityStore(),
    sites: new MemorySites(facts),
    snapshot: new MemorySnapshot(facts),
    orders: new MemoryOrders(facts),
    inventory: new MemoryInventory(facts),
    blobStore: new MemoryBlobStore({ clock }),
    ledger: new MemoryLedger(),
    siteReports: new MemorySiteReports(),
    webhooks: new MemoryWebhooks(facts),
    outbox: new MemoryOutbox(facts),
    activityFeed: new MemoryActivityFeed(facts),
    auditLog: new MemoryAuditLog(),
    eventTokens: new MemoryEventTokens(),
    externalImages: new MemoryExternalImages(),
    leases: new MemoryLeases({ clock }),
    virtualRegistries: new MemoryVirtualRegistries(facts),
    virtualCache: new MemoryVirtualCache(facts),
    virtualCounts: new MemoryVirtualCounts(facts),
    secretKeyStore: new MemorySecretKeyStore(),
    close: async () => {},
  };
}

/** On a database of their own, with blobs in a folder; both go when the ports are closed. */
export async function openPostgresPorts() {
  const [home, folder] = await Promise.all([
    openTestDatabase(),
    mkdtemp(join(tmpdir(), 'meridian-blobs-')),
  ]);
  const ports = await openPortsOver({ url: home.url, folder });
  const close = async () => {
    await ports.close();
    await home.drop();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...ports, close };
}

/** Of one process of a site: several may stand on one database and one folder of blobs. */
export async function openPortsOver({ url, folder }: { url: string; folder: string }) {
  const database = await Database.open({ url });
  return {
    databaseUrl: url,
    metadata: new PostgresMetadata(database),
    catalog: new PostgresCatalog(database),
    nameTree: new PostgresNameTree(database),
    imagePulls: new PostgresImagePulls(database),
    treeChanges: new PostgresTreeChanges(database),
    changeLog: new PostgresChangeLog(database),
    uploadTracker: new PostgresUploadTracker(database),
    replicas: new PostgresReplicas(database),
    arrivals: new PostgresArrivals(database),
    garbageReviews: new PostgresGarbageReviews(database),
    garbageBin: new PostgresGarbageBin(database),
    policies: new PostgresPolicies(database),
    tagSweeps: new PostgresTagSweeps(database),
    accounts: new PostgresAccounts(database),
    refreshTokens: new PostgresRefreshTokens(database),
    identityStore: new PostgresIdentityStore(database),
    sites: new PostgresSites(database),
    snapshot: new PostgresSnapshot(database),
    orders: new PostgresOrders(database),
    inventory: new PostgresInventory(database),
    blobStore: await FilesystemBlobStore.open({ folder }),
    ledger: new MemoryLedger() as Ledger,
    siteReports: new PostgresSiteReports(database),
    webhooks: new PostgresWebhooks(database),
    outbox: new PostgresOutbox(database),
    activityFeed: new PostgresActivityFeed(database),
    auditLog: new PostgresAuditLog(database),
    eventTokens: new PostgresEventTokens(database),
    externalImages: new PostgresExternalImages(database),
    leases: new PostgresLeases(database),
    virtualRegistries: new PostgresVirtualRegistries(database),
    virtualCache: new PostgresVirtualCache(database),
    virtualCounts: new PostgresVirtualCounts(database),
    secretKeyStore: new MemorySecretKeyStore(),
    close: () => database.close(),
  };
}
