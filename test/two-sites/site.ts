/** A whole site inside the test's own process, over real HTTP: a primary, or a secondary of one. */

import { startReplication } from '../../replication/main.ts';
import { openAuth } from '../../src/auth/auth.ts';
import {
  announceSite,
  ensureAdministrator,
  establishIdentity,
  generatePrivateKey,
} from '../../src/auth/identity.ts';
import { publicJwkOf } from '../../src/auth/site-keys.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { Coherence } from '../../src/coherence.ts';
import { type Geo, openGeo } from '../../src/geo/geo.ts';
import { joinCluster } from '../../src/geo/join.ts';
import { EPOCH_HEADER } from '../../src/geo/role.ts';
import { feedRoutes } from '../../src/http/api/feed.ts';
import { siteRoutes } from '../../src/http/api/sites.ts';
import { createApp } from '../../src/http/app.ts';
import { Gatekeeper } from '../../src/http/authenticate.ts';
import { ExternalUrl } from '../../src/http/external-url.ts';
import { openPassOn } from '../../src/http/forward/pass-on.ts';
import { answerWithPosition, forwardToPrimary } from '../../src/http/forward/registry.ts';
import { RunningServer } from '../../src/http/server.ts';
import { tokenRoutes } from '../../src/http/token.ts';
import { createLog } from '../../src/log.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { openPrimary } from '../../src/storage/distribution/primary.ts';
import type { Identity } from '../../src/storage/identity.ts';
import type { TestPorts } from '../support/ports.ts';

export const ADMIN = { user: 'admin', password: 'correct-horse-battery' };

export interface TestSite {
  readonly url: string;
  readonly ports: TestPorts;
  readonly geo: Geo;
  /** The `Authorization` with which it calls other sites. */
  authorize(): string;
  /** Stops following, copying and keeping up. */
  stopReplication(): Promise<void>;
  startReplication(): void;
  /** Stops everything; the ports stay open. */
  stop(): Promise<void>;
}

/** Where a secondary finds its primary, and how it may join. */
export interface JoinSettings {
  readonly primaryUrl: string;
  readonly joinToken?: string;
}

const log = createLog(process.env['MERIDIAN_TEST_LOG'] === 'on' ? 'debug' : 'silent');
const SETTINGS = { anonymousPull: [], tokenTtlSeconds: 300 };

export async function startPrimary(name: string, ports: TestPorts): Promise<TestSite> {
  const identity = await establishIdentity(ports.identityStore, { cluster: 'test', site: name });
  await announceSite(ports.sites, identity, `http://${name}.test`);
  await ensureAdministrator({ ...ports, clock, randomness }, ADMIN.password);
  return startSite({ ports, identity });
}

export async function startSecondary(
  name: string,
  ports: TestPorts,
  { primaryUrl, joinToken }: JoinSettings,
): Promise<TestSite> {
  const url = new URL(primaryUrl);
  const stranger = openPrimary({ url, clock });
  try {
    const identity = await joinCluster({
      ...ports,
      primarySite: stranger.primarySite,
      log,
      site: name,
      url: `http://${name}.test`,
      ...(joinToken === undefined ? {} : { joinToken }),
      makeKeys: () => {
        const privateKey = generatePrivateKey();
        return { privateKey, publicKey: { ...publicJwkOf(privateKey) } };
      },
    });
    return await startSite({ ports, identity, primaryUrl: url });
  } finally {
    await stranger.close();
  }
}

interface SiteParts {
  readonly ports: TestPorts;
  readonly identity: Identity;
  readonly primaryUrl?: URL;
}

async function startSite({ ports, identity, primaryUrl }: SiteParts): Promise<TestSite> {
  const { cluster } = identity;
  const coherence = new Coherence(ports.changeLog);
  const common = { ...ports, identity, coherence, clock, randomness, log };
  const auth = openAuth({ ...common, settings: SETTINGS });
  const introduce = async () => ({
    authorization: auth.siteCalls.authorize(),
    [EPOCH_HEADER]: String((await ports.sites.getRole()).epoch),
  });
  const primary = primaryUrl && openPrimary({ url: primaryUrl, clock, introduce });
  const geo = openGeo({ ...common, ...(primary ? { upstream: primary.upstream } : {}) });
  const { elsewhere, passage } = geo;
  const services = await openRegistry({ ...common, cluster, ...(elsewhere ? { elsewhere } : {}) });
  const gatekeeper = new Gatekeeper({
    authenticator: auth.siteCalls,
    externalUrl: new ExternalUrl({ trustedProxies: [] }),
    service: cluster,
  });
  const draining = new AbortController();
  const doors = { ...geo, gatekeeper, cluster, draining: draining.signal };
  const routers = [siteRoutes(doors), feedRoutes(doors)];
  const app = createApp({
    services: { ...services, mayRedirect: () => false },
    gatekeeper,
    log,
    clock,
    doors: [tokenRoutes({ ...auth, gatekeeper }), ...routers],
    forward: primary
      ? forwardToPrimary(openPassOn({ ...geo, ...primary }))
      : answerWithPosition(passage),
  });
  const server = await RunningServer.listen(app.callback(), { host: '127.0.0.1', port: 0, clock });
  const replicate = () =>
    startReplication({ ...common, ...geo, ports, transfers: 4, ...(primary ? { primary } : {}) });
  let replication = replicate();
  return {
    url: `http://127.0.0.1:${server.port}`,
    ports,
    geo,
    authorize: () => auth.siteCalls.authorize(),
    stopReplication: () => replication.close(),
    startReplication: () => {
      replication = replicate();
    },
    stop: async () => {
      draining.abort();
      await replication.close();
      await primary?.close();
      await server.drain(0);
    },
  };
}
