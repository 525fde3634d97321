/**
 * All migrations, in the order in which they run. One noun each, immutable once released.
 *
 * content/ (0001 to 0019) has the log and what is pushed, lifecycle/ what becomes of it later,
 * people/ (0020 to 0039) has accounts, sites and what machines agree on, virtual/ (0040 to 0059)
 * virtual registries, tree/ (0060 on) what lists by group, project and time need.
 */
import type { Knex } from 'knex';
import * as logHead from './content/0001-log-head.ts';
import * as changes from './content/0002-changes.ts';
import * as repositories from './content/0003-repositories.ts';
import * as manifests from './content/0004-manifests.ts';
import * as tags from './content/0005-tags.ts';
import * as blobs from './content/0006-blobs.ts';
import * as blobLinks from './content/0007-blob-links.ts';
import * as uploads from './content/0008-uploads.ts';
import * as logProofs from './content/0009-log-proofs.ts';
import * as manifestEdges from './content/0011-manifest-edges.ts';
import * as replicaCounts from './content/0012-replica-counts.ts';
import * as imageArrivals from './content/0013-image-arrivals.ts';
import * as completeness from './content/0014-completeness.ts';
import * as outbox from './content/0015-outbox.ts';
import * as logRepairs from './content/0016-log-repairs.ts';
import * as uploadLimits from './content/0017-upload-limits.ts';
import * as webhookFormats from './events/0070-webhook-formats.ts';
import * as activity from './events/0075-activity.ts';
import * as imagePulls from './events/0076-image-pulls.ts';
import * as externalImages from './events/0077-external-images.ts';
import * as garbage from './lifecycle/0018-garbage.ts';
import * as policies from './lifecycle/0080-policies.ts';
import * as quotaUsages from './lifecycle/0081-quota-usages.ts';
import * as accounts from './people/0020-accounts.ts';
import * as accessTokens from './people/0021-access-tokens.ts';
import * as refreshTokens from './people/0022-refresh-tokens.ts';
import * as identity from './people/0023-identity.ts';
import * as uploadKeys from './people/0024-upload-keys.ts';
import * as sites from './people/0025-sites.ts';
import * as invitations from './people/0026-invitations.ts';
import * as leases from './people/0027-leases.ts';
import * as sitePlaces from './people/0028-site-places.ts';
import * as siteReports from './people/0029-site-reports.ts';
import * as siteOrders from './people/0030-site-orders.ts';
import * as groupsAndRobots from './people/0090-groups-and-robots.ts';
import * as auditLog from './people/0091-audit-log.ts';
import * as nameTree from './tree/0060-name-tree.ts';
import * as tagPushes from './tree/0061-tag-pushes.ts';
import * as pushesCarried from './tree/0062-pushes-carried.ts';
import * as nameLeases from './tree/0063-name-leases.ts';
import * as manyAtOnce from './tree/0064-many-at-once.ts';
import * as virtualRegistries from './virtual/0040-virtual-registries.ts';
import * as virtualCache from './virtual/0041-virtual-cache.ts';
import * as cachedGarbage from './virtual/0042-cached-garbage.ts';
import * as virtualCounts from './virtual/0043-virtual-counts.ts';
import * as cachedAbsence from './virtual/0044-cached-absence.ts';

export const migrations: Readonly<Record<string, Knex.Migration>> = {
  '0001-log-head': logHead,
  '0002-changes': changes,
  '0003-repositories': repositories,
  '0004-manifests': manifests,
  '0005-tags': tags,
  '0006-blobs': blobs,
  '0007-blob-links': blobLinks,
  '0008-uploads': uploads,
  '0009-log-proofs': logProofs,
  '0011-manifest-edges': manifestEdges,
  '0012-replica-counts': replicaCounts,
  '0013-image-arrivals': imageArrivals,
  '0014-completeness': completeness,
  '0015-outbox': outbox,
  '0016-log-repairs': logRepairs,
  '0017-upload-limits': uploadLimits,
  '0018-garbage': garbage,
  '0020-accounts': accounts,
  '0021-access-tokens': accessTokens,
  '0022-refresh-tokens': refreshTokens,
  '0023-identity': identity,
  '0024-upload-keys': uploadKeys,
  '0025-sites': sites,
  '0026-invitations': invitations,
  '0027-leases': leases,
  '0028-site-places': sitePlaces,
  '0029-site-reports': siteReports,
  '0030-site-orders': siteOrders,
  '0040-virtual-registries': virtualRegistries,
  '0041-virtual-cache': virtualCache,
  '0042-cached-garbage': cachedGarbage,
  '0043-virtual-counts': virtualCounts,
  '0044-cached-absence': cachedAbsence,
  '0060-name-tree': nameTree,
  '0061-tag-pushes': tagPushes,
  '0062-pushes-carried': pushesCarried,
  '0063-name-leases': nameLeases,
  '0064-many-at-once': manyAtOnce,
  '0070-webhook-formats': webhookFormats,
  '0075-activity': activity,
  '0076-image-pulls': imagePulls,
  '0077-external-images': externalImages,
  '0080-policies': policies,
  '0081-quota-usages': quotaUsages,
  '0090-groups-and-robots': groupsAndRobots,
  '0091-audit-log': auditLog,
};
