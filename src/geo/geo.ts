/** Puts the parts of this folder together. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Randomness } from '../randomness.ts';
import type { Elsewhere } from '../registry/elsewhere.ts';
import { Fill, type OnVerified } from '../registry/fill.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { ChangeLog } from '../storage/change-log.ts';
import type { Ledger } from '../storage/geo/ledger.ts';
import type { Replicas } from '../storage/geo/replicas.ts';
import type { Identity } from '../storage/identity.ts';
import type { Sites } from '../storage/sites.ts';
import type { Upstream } from '../storage/upstream.ts';
import { createArrival } from './arrival.ts';
import { PrimaryElsewhere } from './elsewhere.ts';
import { Feed } from './feed.ts';
import { KeptUploads } from './kept-uploads.ts';
import { Passage } from './passage.ts';
import { SiteRole } from './role.ts';
import { ClusterSites } from './sites.ts';

export interface GeoDependencies {
  readonly changeLog: ChangeLog;
  readonly sites: Sites;
  readonly replicas: Replicas;
  readonly ledger: Ledger;
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  /** Who this site is. */
  readonly identity: Pick<Identity, 'site'>;
  /** The primary's content; a primary has nobody to ask. */
  readonly upstream?: Upstream;
}

export interface Geo {
  readonly role: SiteRole;
  readonly sites: ClusterSites;
  readonly feed: Feed;
  readonly passage: Passage;
  readonly fill: Fill;
  readonly onArrival: OnVerified;
  readonly keptUploads: KeptUploads;
  readonly elsewhere?: Elsewhere;
}

export function openGeo(dependencies: GeoDependencies): Geo {
  const { upstream } = dependencies;
  const role = new SiteRole(dependencies);
  const onArrival = createArrival(dependencies);
  const keptUploads = new KeptUploads({ ...dependencies, onArrival });
  const fill = new Fill({ ...dependencies, arriving: keptUploads });
  return {
    role,
    sites: new ClusterSites({ ...dependencies, role }, dependencies.identity.site),
    feed: new Feed({ ...dependencies, role }),
    passage: new Passage(dependencies),
    fill,
    onArrival,
    keptUploads,
    ...(upstream ? { elsewhere: new PrimaryElsewhere({ upstream, fill, onArrival }) } : {}),
  };
}
