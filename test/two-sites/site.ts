/**
 * A whole site inside the test's own process, wired as the program wires it, over real HTTP: a
 * primary, or a secondary of one.
 */
import {
  announceSite,
  ensureAdministrator,
  establishIdentity,
  generatePrivateKey,
} from '../../src/auth/identity.ts';
import { publicJwkOf } from '../../src/auth/site-keys.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config.ts';
import type { Geo } from '../../src/geo/geo.ts';
import { joinCluster } from '../../src/geo/join.ts';
import { createApp } from '../../src/http/app.ts';
import { RunningServer } from '../../src/http/server.ts';
import { createLog } from '../../src/log.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { describeApp } from '../../src/server.ts';
import { openSite, replicate } from '../../src/site.ts';
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
  startReplication(): Promise<void>;
  /** Stops everything; the ports stay open. */
  stop(): Promise<void>;
}

/** Where a secondary finds its primary, and how it may join. */
export interface JoinSettings {
  readonly primaryUrl: string;
  readonly joinToken?: string;
  /** By their names in the environment. */
  readonly settings?: Settings;
}

type Settings = Readonly<Record<string, string>>;

const log = createLog(process.env['MERIDIAN_TEST_LOG'] === 'on' ? 'debug' : 'silent');

export async function startPrimary(
  name: string,
  ports: TestPorts,
  settings: Settings = {},
): Promise<TestSite> {
  const identity = await establishIdentity(ports.identityStore, { cluster: 'test', site: name });
  await announceSite(ports.sites, identity, await placeSite(name, settings));
  await ensureAdministrator({ ...ports, clock, randomness }, ADMIN.password);
  return startSite({ ports, identity, settings });
}

export async function startSecondary(
  name: string,
  ports: TestPorts,
  { primaryUrl, joinToken, settings = {} }: JoinSettings,
): Promise<TestSite> {
  const url = new URL(primaryUrl);
  const stranger = openPrimary({ url, clock });
  try {
    const identity = await joinCluster({
      ...ports,
      primarySite: stranger.primarySite,
      log,
      site: name,
      ...(await placeSite(name, settings)),
      ...(joinToken === undefined ? {} : { joinToken }),
      makeKeys: () => {
        const privateKey = generatePrivateKey();
        return { privateKey, publicKey: { ...publicJwkOf(privateKey) } };
      },
    });
    return await startSite({ ports, identity, primaryUrl: url, settings });
  } finally {
    await stranger.close();
  }
}

/** Where it is: by its settings, or where nobody reaches it. */
async function placeSite(name: string, settings: Settings) {
  const { publicUrl, place } = await loadConfig(undefined, settings);
  return { url: publicUrl ?? `http://${name}.test`, ...(place ? { place } : {}) };
}

interface SiteParts {
  readonly ports: TestPorts;
  readonly identity: Identity;
  readonly primaryUrl?: URL;
  readonly settings: Settings;
}

async function startSite({ ports, identity, primaryUrl, settings }: SiteParts): Promise<TestSite> {
  const config = await loadConfig(undefined, {
    MERIDIAN_SITE: identity.site,
    ...(primaryUrl ? { MERIDIAN_PRIMARY_URL: primaryUrl.origin } : {}),
    ...settings,
  });
  const site = await openSite({ config, ports, identity, log });
  const draining = new AbortController();
  const app = createApp(describeApp(site, draining.signal));
  const server = await RunningServer.listen(app.callback(), { host: '127.0.0.1', port: 0, clock });
  let replication = await replicate(site);
  return {
    url: `http://127.0.0.1:${server.port}`,
    ports,
    geo: site.geo,
    authorize: () => site.auth.siteCalls.authorize(),
    stopReplication: () => replication.close(),
    startReplication: async () => {
      replication = await replicate(site);
    },
    stop: async () => {
      draining.abort();
      await replication.close();
      await site.close();
      await server.drain(500);
    },
  };
}
