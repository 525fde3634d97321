/** From the ports and rules of a site to the tasks of its replication. */
import type { Clock } from '../src/clock.ts';
import { Bell } from '../src/geo/bell.ts';
import type { Demand } from '../src/geo/copies/demand.ts';
import type { Passage } from '../src/geo/passage.ts';
import type { SiteRole } from '../src/geo/role.ts';
import type { OwnStatus } from '../src/geo/status/status.ts';
import type { Log } from '../src/log.ts';
import { matchesPath, type PathPattern } from '../src/oci/path-pattern.ts';
import type { Place } from '../src/oci/place.ts';
import type { RepositoryName } from '../src/oci/reference.ts';
import type { Randomness } from '../src/randomness.ts';
import type { Fill, OnVerified } from '../src/registry/fill.ts';
import type { GarbageCollection } from '../src/registry/garbage/garbage.ts';
import type { RetentionRuns } from '../src/registry/lifecycle/retention-runs.ts';
import type { BlobStore } from '../src/storage/blob-store.ts';
import type { Catalog } from '../src/storage/catalog.ts';
import type { ChangeLog } from '../src/storage/change-log.ts';
import type { ActivityFeed } from '../src/storage/events/activity.ts';
import type { Courier } from '../src/storage/events/courier.ts';
import type { ExternalImages } from '../src/storage/events/external-images.ts';
import type { Outbox } from '../src/storage/events/outbox.ts';
import type { Webhooks } from '../src/storage/events/webhooks.ts';
import type { Arrivals } from '../src/storage/geo/arrivals.ts';
import type { Inventory } from '../src/storage/geo/inventory.ts';
import type { Ledger } from '../src/storage/geo/ledger.ts';
import type { Orders } from '../src/storage/geo/orders.ts';
import type { PrimarySite } from '../src/storage/geo/primary-site.ts';
import type { Replicas } from '../src/storage/geo/replicas.ts';
import type { SiteReports } from '../src/storage/geo/site-reports.ts';
import type { Snapshot } from '../src/storage/geo/snapshot.ts';
import type { IdentityStore } from '../src/storage/identity.ts';
import type { Leases } from '../src/storage/leases.ts';
import type { Metadata } from '../src/storage/metadata.ts';
import type { AuditLog } from '../src/storage/people/audit-log.ts';
import type { RefreshTokens } from '../src/storage/refresh-tokens.ts';
import type { Sites } from '../src/storage/sites.ts';
import type { ImagePulls } from '../src/storage/tree/pulls.ts';
import type { UploadTracker } from '../src/storage/upload-tracker.ts';
import type { Upstream } from '../src/storage/upstream.ts';
import type { Virtual } from '../src/virtual/service.ts';
import { createApply } from './apply.ts';
import { describeReconcile, reconcile } from './compare/reconcile.ts';
import { Bandwidth, type BandwidthWindow } from './copy/bandwidth.ts';
import { createTransfer } from './copy/transfer.ts';
import { createPauseCheck, lanesOf, work } from './copy/worker.ts';
import { follow } from './follow.ts';
import { type CopiesOptions, copyExternal } from './incoming/copies.ts';
import type { Task } from './leader.ts';
import { notify } from './notify/notify.ts';
import { keepFilled } from './reconcile.ts';
import { report } from './report.ts';
import { type Job, schedule } from './schedule.ts';
import { takeSnapshot } from './snapshot.ts';
import { trimLog } from './trim-log.ts';
import { forgetActivity, forgetPulls } from './upkeep/activity.ts';
import { forgetActs } from './upkeep/acts.ts';
import { describeCollection } from './upkeep/garbage.ts';
import { type OrderOptions, obey } from './upkeep/orders.ts';
import { describeRetention } from './upkeep/retention.ts';
import { keepUp } from './upkeep/upkeep.ts';
import { verifyOlder } from './upkeep/verify.ts';

export interface ReplicationPorts {
  readonly changeLog: ChangeLog;
  readonly catalog: Catalog;
  readonly replicas: Replicas;
  readonly arrivals: Arrivals;
  readonly ledger: Ledger;
  readonly leases: Leases;
  readonly blobStore: BlobStore;
  readonly uploadTracker: UploadTracker;
  readonly refreshTokens: RefreshTokens;
  readonly identityStore: IdentityStore;
  readonly metadata: Metadata;
  readonly inventory: Inventory;
  readonly orders: Orders;
  readonly snapshot: Snapshot;
  readonly siteReports: SiteReports;
  readonly webhooks: Webhooks;
  readonly outbox: Outbox;
  readonly activityFeed: ActivityFeed;
  readonly auditLog: AuditLog;
  readonly imagePulls: ImagePulls;
  readonly externalImages: ExternalImages;
  readonly sites: Sites;
}

export interface ReplicationOptions {
  readonly ports: ReplicationPorts;
  readonly role: SiteRole;
  readonly passage: Passage;
  readonly status: OwnStatus;
  readonly fill: Fill;
  readonly onArrival: OnVerified;
  readonly garbage: GarbageCollection;
  readonly retentionRuns: RetentionRuns;
  readonly imageCopies: CopiesOptions['imageCopies'];
  /** Whose caches are kept within their bounds. */
  readonly virtual: Pick<Virtual, 'cleanUp'>;
  /** What clients are about to ask for; absent at a primary. */
  readonly demand?: Demand;
  /** The primary; absent where this site is the primary itself. */
  readonly primary?: { readonly primarySite: PrimarySite; readonly upstream: Upstream };
  /** How long a change is kept for a site that is away. */
  readonly logRetentionMs: number;
  /** How long an unfinished upload is kept. */
  readonly uploadExpiryMs?: number;
  /** Name of this site. */
  readonly site: string;
  /** Where clients reach it, and where it stands. */
  readonly publicUrl?: string;
  readonly place?: Place;
  /** After how long a blob is read again. */
  readonly reverifyAfterMs: number;
  /** How many blobs are brought here at once. */
  readonly transfers: number;
  /** How fast, all together. */
  readonly bandwidth: readonly BandwidthWindow[];
  /** Whose blobs. */
  readonly sync: readonly PathPattern[];
  /** Brings events to webhooks. */
  readonly courier: Courier;
  readonly identity: { readonly cluster: string };
  /** After so many tries, or so long, a delivery is given up. */
  readonly webhookAttempts: number;
  readonly webhookExpiryMs: number;
  /** How many deliveries are kept for one webhook. */
  readonly webhookOutbox: number;
  /** For how long the activity feed is kept. */
  readonly activityRetentionMs: number;
  /** For how long administrative acts are kept. */
  readonly auditRetentionMs: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

/** At a quiet hour, and not at the full one, when everybody's jobs run. */
const UPKEEP_TIMES = '17 * * * *';
const REVERIFY_TIMES = '23 2 * * *';
const RECONCILE_TIMES = '41 3 * * *';

/** More is not read again in one night. */
const REVERIFY_BYTES = 512 * 1024 ** 3;

/** All that the leading process of a site does, until the signal aborts. */
export function wireTasks(options: ReplicationOptions): Task {
  const { primary, clock } = options;
  const refillBell = new Bell(clock);
  const compare = primary && createReconcile(options, primary, refillBell);
  return async (signal) => {
    const run = () => compare!(undefined, signal);
    const nightly = compare ? [{ name: 'reconcile', expression: RECONCILE_TIMES, run }] : [];
    const obeying = { ...describeVerify(options), ...(compare ? { reconcile: compare } : {}) };
    const tasks = [
      runUpkeep(options, nightly, signal),
      obey(obeying, signal),
      notify({ ...options, ...options.ports }, signal),
    ];
    if (primary) tasks.push(replicate(options, { ...primary, refillBell }, signal));
    else tasks.push(copyExternal({ ...options, ...options.ports }, signal));
    await Promise.all(tasks);
  };
}

/** What compares this site with its primary, and tells what came of it. */
function createReconcile(
  { ports, log, role, passage }: ReplicationOptions,
  { primarySite }: NonNullable<ReplicationOptions['primary']>,
  refillBell: Bell,
): NonNullable<OrderOptions['reconcile']> {
  const onRepaired = () => refillBell.ring();
  const common = { ...ports, primarySite, log, role, passage, onRepaired };
  return async (repository, signal) => {
    const report = await reconcile({ ...common, ...(repository ? { repository } : {}) }, signal);
    log.info(report, 'this site was compared with its primary');
    return describeReconcile(report);
  };
}

async function runUpkeep(
  options: ReplicationOptions,
  more: readonly Job[],
  signal: AbortSignal,
): Promise<void> {
  const { ports, log } = options;
  const run = () => keepUp({ ...options, ...ports, tracker: ports.uploadTracker });
  const jobs = [
    { name: 'upkeep', expression: UPKEEP_TIMES, run },
    { name: 'trim', expression: UPKEEP_TIMES, run: () => trimLog({ ...options, ...ports }) },
    { name: 'reverify', expression: REVERIFY_TIMES, run: () => reverify(options, signal) },
    ...describeCollection(options, signal),
    ...describeRetention(options, signal),
    { name: 'activity', expression: UPKEEP_TIMES, run: () => forget(options) },
    { name: 'virtual', expression: UPKEEP_TIMES, run: () => options.virtual.cleanUp() },
    ...more,
  ];
  const stop = schedule(jobs, log);
  await run().catch((error: unknown) => log.error({ err: error }, 'upkeep failed'));
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  await stop();
}

async function forget(options: ReplicationOptions): Promise<void> {
  await forgetActivity({ ...options, ...options.ports });
  await forgetActs({ ...options, ...options.ports });
  await forgetPulls(options.ports);
}

async function reverify(options: ReplicationOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, reverifyAfterMs } = options;
  const before = new Date(clock.now().getTime() - reverifyAfterMs);
  const limited = { ...describeVerify(options), maxBytes: REVERIFY_BYTES };
  log.info(await verifyOlder(before, limited, signal), 'blobs were read again');
}

/** What is damaged can be had again where there is a primary to bring it from. */
function describeVerify({ ports, primary, ...options }: ReplicationOptions) {
  return { ...ports, ...options, canHeal: primary !== undefined };
}

/** The feed is followed, the ledger kept full, and so many workers work it off. */
async function replicate(
  options: ReplicationOptions,
  primary: NonNullable<ReplicationOptions['primary']> & { readonly refillBell: Bell },
  signal: AbortSignal,
): Promise<void> {
  const { ports, clock, randomness, log, role, transfers } = options;
  const common = { ...ports, clock, randomness, log };
  const bells = Array.from({ length: transfers }, () => new Bell(clock));
  const ring = () => bells.forEach((bell) => bell.ring());
  const isSelected = (repository: RepositoryName) =>
    options.sync.some((pattern) => matchesPath(pattern, repository));
  const onLedgerAway = () => refillBell.ring();
  const apply = createApply({ ...common, onWanted: ring, onLedgerAway, isSelected });
  const bandwidth = new Bandwidth(options.bandwidth, clock);
  const { upstream, refillBell } = primary;
  const bringHere = createTransfer({ ...options, ...ports, upstream, bandwidth });
  const isPaused = createPauseCheck(ports.sites, options.site, clock);
  const workers = bells.map((bell, number) => {
    const own = { holder: randomness.uuid(), lanes: lanesOf(number, transfers) };
    return work({ ...common, bringHere, isPaused, ...own }, bell, signal);
  });
  const unwatch = options.demand?.watch(ring);
  signal.addEventListener('abort', () => unwatch?.(), { once: true });
  // What it names is wanted as if the ledger were lost.
  const snapshotting = { ...common, ...primary, onSnapshot: onLedgerAway };
  const bringAll = (until: AbortSignal) => takeSnapshot(snapshotting, until);
  await Promise.all([
    follow({ ...common, ...primary, role, apply, takeSnapshot: bringAll }, signal),
    keepFilled({ ...common, onWanted: ring, bell: refillBell, selection: options.sync }, signal),
    report({ ...options, ...common, primarySite: primary.primarySite }, signal),
    ...workers,
  ]);
}
