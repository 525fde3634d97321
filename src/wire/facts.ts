/** The ports whose maker is PostgreSQL. Apart, since it takes a while to load. */
import { PostgresAccounts } from '../storage/postgres/accounts.ts';
import { PostgresCatalog } from '../storage/postgres/catalog.ts';
import { PostgresChangeLog } from '../storage/postgres/change-log.ts';
import { Database, type DatabaseOptions } from '../storage/postgres/database.ts';
import { PostgresActivityFeed } from '../storage/postgres/events/activity.ts';
import { PostgresEventTokens } from '../storage/postgres/events/event-tokens.ts';
import { PostgresExternalImages } from '../storage/postgres/events/external-images.ts';
import { PostgresOutbox } from '../storage/postgres/events/outbox.ts';
import { PostgresWebhooks } from '../storage/postgres/events/webhooks.ts';
import { PostgresGarbageBin } from '../storage/postgres/garbage/bin.ts';
import { PostgresGarbageReviews } from '../storage/postgres/garbage/reviews.ts';
import { PostgresArrivals } from '../storage/postgres/geo/arrivals.ts';
import { PostgresInventory } from '../storage/postgres/geo/inventory.ts';
import { PostgresOrders } from '../storage/postgres/geo/orders.ts';
import { PostgresSiteReports } from '../storage/postgres/geo/site-reports.ts';
import { PostgresSnapshot } from '../storage/postgres/geo/snapshot.ts';
import { PostgresIdentityStore } from '../storage/postgres/identity.ts';
import { PostgresLeases } from '../storage/postgres/leases.ts';
import { PostgresPolicies } from '../storage/postgres/lifecycle/policies.ts';
import { PostgresTagSweeps } from '../storage/postgres/lifecycle/tag-sweeps.ts';
import { PostgresMetadata } from '../storage/postgres/metadata.ts';
import { loadMigrator, migrate } from '../storage/postgres/migrate.ts';
import { PostgresAuditLog } from '../storage/postgres/people/audit-log.ts';
import { PostgresRefreshTokens } from '../storage/postgres/refresh-tokens.ts';
import { PostgresReplicas } from '../storage/postgres/replicas.ts';
import { PostgresSites } from '../storage/postgres/sites.ts';
import { PostgresTreeChanges } from '../storage/postgres/tree/changes/tree-changes.ts';
import { PostgresImagePulls } from '../storage/postgres/tree/pulls.ts';
import { PostgresNameTree } from '../storage/postgres/tree/tree.ts';
import { PostgresUploadTracker } from '../storage/postgres/upload-tracker.ts';
import { PostgresVirtualCache } from '../storage/postgres/virtual/cache.ts';
import { PostgresVirtualCounts } from '../storage/postgres/virtual/counts.ts';
import { PostgresVirtualRegistries } from '../storage/postgres/virtual/registries.ts';

export { loadMigrator, migrate };

/** @throws StorageUnavailable where the server does not answer */
export async function openFacts(options: DatabaseOptions) {
  const database = await Database.open(options);
  return {
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
    close: () => database.close(),
  };
}
