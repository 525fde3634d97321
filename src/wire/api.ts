/** The management API of a site. Apart, since it takes a while to load. */
import { systemClock as clock } from '../clock.ts';
import { showSettings } from '../config/shown-settings.ts';
import { VERSION } from '../config/version.ts';
import { accessTokenRoutes } from '../http/api/access-tokens.ts';
import { accountRoutes } from '../http/api/accounts.ts';
import { checksumRoutes } from '../http/api/checksums.ts';
import { activityRoutes } from '../http/api/events/activity.ts';
import { externalImageRoutes } from '../http/api/events/external-images.ts';
import { pullRoutes } from '../http/api/events/pulls.ts';
import { registryEventRoutes } from '../http/api/events/registry-events.ts';
import { failureRoutes } from '../http/api/failures.ts';
import { feedRoutes } from '../http/api/feed.ts';
import { imageRoutes } from '../http/api/images.ts';
import { garbageRoutes } from '../http/api/lifecycle/garbage.ts';
import { policyRoutes } from '../http/api/lifecycle/policies.ts';
import { retentionRoutes } from '../http/api/lifecycle/retention.ts';
import { openApiRoutes } from '../http/api/openapi.ts';
import { orderRoutes } from '../http/api/orders.ts';
import { groupRoutes } from '../http/api/people/account-groups.ts';
import { auditRoutes } from '../http/api/people/audit.ts';
import { providerRoutes } from '../http/api/people/provider.ts';
import { rotationRoutes } from '../http/api/people/rotation.ts';
import { sessionRoutes } from '../http/api/people/session.ts';
import { reportRoutes } from '../http/api/reports.ts';
import { repositoryRoutes } from '../http/api/repositories.ts';
import { settingsRoutes } from '../http/api/settings/settings.ts';
import { siteRoutes } from '../http/api/sites.ts';
import { snapshotRoutes } from '../http/api/snapshot.ts';
import { statusRoutes } from '../http/api/status.ts';
import { contentsRoutes } from '../http/api/tree/contents.ts';
import { editRoutes } from '../http/api/tree/edits.ts';
import { treeRoutes } from '../http/api/tree/tree.ts';
import { virtualRegistryRoutes } from '../http/api/virtual/registries.ts';
import { uploadTokenRoutes } from '../http/api/virtual/upload-tokens.ts';
import { virtualUpstreamRoutes } from '../http/api/virtual/upstreams.ts';
import { webhookRoutes } from '../http/api/webhooks.ts';
import type { Gatekeeper } from '../http/authenticate.ts';
import type { PassOn } from '../http/forward/pass-on.ts';
import { PolicyBook } from '../registry/lifecycle/policy-book.ts';
import { TreeEdits } from '../registry/tree/tree-edits.ts';
import { TreeViews } from '../registry/tree/tree-views.ts';
import type { Site } from '../site.ts';
import { openProviderSignIn } from './provider.ts';

export interface Entrance {
  readonly gatekeeper: Gatekeeper;
  /** Absent at a primary. */
  readonly passOn: PassOn | undefined;
  /** Aborts what never ends by itself. */
  readonly draining: AbortSignal;
}

/** Its routes, a router for each noun. */
export function openApi(site: Site, entrance: Entrance) {
  const { auth, geo, identity, ports, registry, config } = site;
  const { gatekeeper } = entrance;
  const treeEdits = new TreeEdits({ ...ports, clock });
  return [
    openApiRoutes(VERSION),
    statusRoutes({ ...geo, ...entrance }),
    failureRoutes({ ...geo, ...ports, ...entrance }),
    imageRoutes({ ...geo, ...entrance }),
    webhookRoutes({ ...site, ...entrance }),
    virtualRegistryRoutes({ ...site, gatekeeper }),
    virtualUpstreamRoutes({ ...site, gatekeeper }),
    uploadTokenRoutes({ ...site, ...auth, gatekeeper }),
    accountRoutes({ ...auth, gatekeeper }),
    accessTokenRoutes({ ...auth, gatekeeper }),
    sessionRoutes({ ...auth, gatekeeper }),
    groupRoutes({ ...auth, gatekeeper }),
    rotationRoutes({ ...auth, gatekeeper }),
    providerRoutes({
      ...auth,
      gatekeeper,
      providerSignIn: openProviderSignIn(site),
      providerLabel: config.oidcLabel,
    }),
    auditRoutes({ ...ports, gatekeeper }),
    repositoryRoutes({ ...geo, ...registry, gatekeeper, changes: config.changes }),
    treeRoutes({ treeViews: new TreeViews(ports), gatekeeper }),
    contentsRoutes({ ...ports, gatekeeper }),
    settingsRoutes({ gatekeeper, shown: describeSettings(site) }),
    editRoutes({ ...geo, ...registry, treeEdits, gatekeeper, changes: config.changes }),
    activityRoutes({ ...ports, gatekeeper }),
    registryEventRoutes({ ...site, ...entrance }),
    externalImageRoutes({ ...ports, ...entrance, clock }),
    pullRoutes({ ...ports, gatekeeper }),
    garbageRoutes({ ...geo, ...site, gatekeeper }),
    policyRoutes({ policyBook: new PolicyBook(ports), gatekeeper }),
    retentionRoutes({ ...site, gatekeeper }),
    orderRoutes({ ...geo, gatekeeper }),
    siteRoutes({ ...geo, gatekeeper, cluster: identity.cluster, secretKey: site.secretKey }),
    reportRoutes({ ...ports, ...geo, gatekeeper }),
    feedRoutes({ ...geo, ...entrance }),
    snapshotRoutes({ ...geo, gatekeeper }),
    checksumRoutes({ ...geo, gatekeeper }),
  ];
}

function describeSettings({ config, identity: { site, cluster } }: Site) {
  return { site, cluster, version: VERSION, settings: showSettings(config) };
}
