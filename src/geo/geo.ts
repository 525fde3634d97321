/** Puts the parts of this folder together. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { Randomness } from '../randomness.ts';
import type { Elsewhere } from '../registry/elsewhere.ts';
import { Turns } from '../registry/fill/turns.ts';
import { Fill, type OnVerified } from '../registry/fill.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { ChangeLog } from '../storage/change-log.ts';
import type { Arrivals } from '../storage/geo/arrivals.ts';
import type { Ledger } from '../storage/geo/ledger.ts';
import type { Orders } from '../storage/geo/orders.ts';
import type { Replicas } from '../storage/geo/replicas.ts';
import type { SiteReports } from '../storage/geo/site-reports.ts';
import type { Snapshot } from '../storage/geo/snapshot.ts';
import type { Identity } from '../storage/identity.ts';
import type { Leases } from '../storage/leases.ts';
import type { Metadata } from '../storage/metadata.ts';
import type { Sites } from '../storage/sites.ts';
import type { Upstream } from '../storage/upstream.ts';
import { createArrival } from './arrival.ts';
import { FactChecksums } from './checksums/checksums.ts';
import { Demand } from './copies/demand.ts';
import { KeptUploads } from './copies/kept-uploads.ts';
import { PrimaryElsewhere } from './elsewhere.ts';
import { Feed } from './feed.ts';
import { Freshness, type FreshnessSettings } from './freshness.ts';
import { ImageSites } from './images/image-sites.ts';
import { Passage } from './passage.ts';
import { SiteRole } from './role.ts';
import { SiteOrders } from './site-orders.ts';
import { ClusterSites } from './sites.ts';
import { SnapshotPages } from './snapshot.ts';
import { ClusterStatus } from './status/cluster.ts';
import { PullsTold } from './status/pulls-told.ts';
import { type OwnStatus, openStatus } from './status/status.ts';

export interface GeoDependencies {
  readonly changeLog: ChangeLog;
  readonly sites: Sites;
  readonly orders: Orders;
  readonly replicas: Replicas;
  readonly arrivals: Arrivals;
  readonly metadata: Metadata;
  readonly ledger: Ledger;
  readonly siteReports: SiteReports;
  readonly snapshot: Snapshot;
  readonly blobStore: BlobStore;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  /** Who this site is. */
  readonly identity: Pick<Identity, 'site'>;
  /** Of this program. */
  readonly version: string;
  /** The primary's content; a primary has nobody to ask. */
  readonly upstream?: Upstream;
  /** Whose blobs are copied here. */
  readonly sync: readonly PathPattern[];
  /** How fresh a secondary's answers have to be. */
  readonly freshnessSettings: FreshnessSettings;
}

export interface Geo {
  readonly role: SiteRole;
  readonly sites: ClusterSites;
  readonly siteOrders: SiteOrders;
  readonly status: OwnStatus;
  readonly clusterStatus: ClusterStatus;
  readonly pullsTold: PullsTold;
  readonly imageSites: ImageSites;
  readonly feed: Feed;
  readonly snapshotPages: SnapshotPages;
  readonly checksums: FactChecksums;
  readonly passage: Passage;
  readonly fill: Fill;
  readonly onArrival: OnVerified;
  readonly keptUploads: KeptUploads;
  readonly elsewhere?: Elsewhere;
  /** Of a secondary. */
  readonly freshness?: Freshness;
  readonly demand?: Demand;
}

export function openGeo(dependencies: GeoDependencies): Geo {
  const { upstream, version, sync } = dependencies;
  const { site } = dependencies.identity;
  const role = new SiteRole(dependencies);
  const status = openStatus(dependencies, { site, version, sync });
  const onArrival = createArrival(dependencies);
  const passage = new Passage(dependencies);
  const keptUploads = new KeptUploads({ ...dependencies, onArrival });
  const fill = new Fill({ ...dependencies, turns: new Turns(dependencies) });
  fill.expectFrom(keptUploads);
  return {
    role,
    sites: new ClusterSites({ ...dependencies, role }, dependencies.identity.site),
    siteOrders: new SiteOrders(dependencies, dependencies.identity.site),
    status,
    clusterStatus: new ClusterStatus({ ...dependencies, status }, site),
    pullsTold: new PullsTold(dependencies, site),
    imageSites: new ImageSites(dependencies, dependencies.clock, site),
    feed: new Feed({ ...dependencies, role }),
    snapshotPages: new SnapshotPages({ ...dependencies, role }),
    checksums: new FactChecksums({ ...dependencies, role }),
    passage,
    fill,
    onArrival,
    keptUploads,
    ...(upstream ? openReading({ ...dependencies, upstream, fill, onArrival, passage }) : {}),
  };
}

/** How a secondary reads: what is here while that is fresh enough, and the primary otherwise. */
function openReading(
  dependencies: GeoDependencies &
    Pick<Geo, 'fill' | 'onArrival' | 'passage'> & { readonly upstream: Upstream },
) {
  const freshness = new Freshness(dependencies, dependencies.freshnessSettings);
  const elsewhere = new PrimaryElsewhere({ ...dependencies, freshness });
  return { freshness, elsewhere, demand: new Demand(dependencies, dependencies.sync) };
}
