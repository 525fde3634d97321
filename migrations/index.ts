/**
 * All migrations, in the order in which they run. One noun each, immutable once released.
 *
 * content/ (0001 to 0019) has the log and what is pushed, lifecycle/ what becomes of it later,
 * people/ (0020 to 0039) has accounts, sites and what machines agree on, virtual/ (0040 to 0059)
 * virtual registries, tree/ (0060 on) what lists by group, project and time need.
 */
import type { Knex } from 'knex';

/** Each is loaded where it is to run: a start that finds nothing to do needs the names alone. */
export const migrations: Readonly<Record<string, () => Promise<Knex.Migration>>> = {
  '0001-log-head': () => import('./content/0001-log-head.ts'),
  '0002-changes': () => import('./content/0002-changes.ts'),
  '0003-repositories': () => import('./content/0003-repositories.ts'),
  '0004-manifests': () => import('./content/0004-manifests.ts'),
  '0005-tags': () => import('./content/0005-tags.ts'),
  '0006-blobs': () => import('./content/0006-blobs.ts'),
  '0007-blob-links': () => import('./content/0007-blob-links.ts'),
  '0008-uploads': () => import('./content/0008-uploads.ts'),
  '0009-log-proofs': () => import('./content/0009-log-proofs.ts'),
  '0011-manifest-edges': () => import('./content/0011-manifest-edges.ts'),
  '0012-replica-counts': () => import('./content/0012-replica-counts.ts'),
  '0013-image-arrivals': () => import('./content/0013-image-arrivals.ts'),
  '0014-completeness': () => import('./content/0014-completeness.ts'),
  '0015-outbox': () => import('./content/0015-outbox.ts'),
  '0016-log-repairs': () => import('./content/0016-log-repairs.ts'),
  '0017-upload-limits': () => import('./content/0017-upload-limits.ts'),
  '0018-garbage': () => import('./lifecycle/0018-garbage.ts'),
  '0020-accounts': () => import('./people/0020-accounts.ts'),
  '0021-access-tokens': () => import('./people/0021-access-tokens.ts'),
  '0022-refresh-tokens': () => import('./people/0022-refresh-tokens.ts'),
  '0023-identity': () => import('./people/0023-identity.ts'),
  '0024-upload-keys': () => import('./people/0024-upload-keys.ts'),
  '0025-sites': () => import('./people/0025-sites.ts'),
  '0026-invitations': () => import('./people/0026-invitations.ts'),
  '0027-leases': () => import('./people/0027-leases.ts'),
  '0028-site-places': () => import('./people/0028-site-places.ts'),
  '0029-site-reports': () => import('./people/0029-site-reports.ts'),
  '0030-site-orders': () => import('./people/0030-site-orders.ts'),
  '0040-virtual-registries': () => import('./virtual/0040-virtual-registries.ts'),
  '0041-virtual-cache': () => import('./virtual/0041-virtual-cache.ts'),
  '0042-cached-garbage': () => import('./virtual/0042-cached-garbage.ts'),
  '0043-virtual-counts': () => import('./virtual/0043-virtual-counts.ts'),
  '0044-cached-absence': () => import('./virtual/0044-cached-absence.ts'),
  '0060-name-tree': () => import('./tree/0060-name-tree.ts'),
  '0061-tag-pushes': () => import('./tree/0061-tag-pushes.ts'),
  '0062-pushes-carried': () => import('./tree/0062-pushes-carried.ts'),
  '0063-name-leases': () => import('./tree/0063-name-leases.ts'),
  '0064-many-at-once': () => import('./tree/0064-many-at-once.ts'),
  '0070-webhook-formats': () => import('./events/0070-webhook-formats.ts'),
  '0075-activity': () => import('./events/0075-activity.ts'),
  '0076-image-pulls': () => import('./events/0076-image-pulls.ts'),
  '0077-external-images': () => import('./events/0077-external-images.ts'),
  '0080-policies': () => import('./lifecycle/0080-policies.ts'),
  '0081-quota-usages': () => import('./lifecycle/0081-quota-usages.ts'),
  '0090-groups-and-robots': () => import('./people/0090-groups-and-robots.ts'),
  '0091-audit-log': () => import('./people/0091-audit-log.ts'),
};
