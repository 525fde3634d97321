/**
 * The rules of a site over its ports: what its servers and its replication share in one process.
 */
import type { Replication } from '../replication/main.ts';
import { type Auth, openAuth } from './auth/auth.ts';
import { systemClock as clock } from './clock.ts';
import { Coherence } from './coherence.ts';
import { VERSION } from './config/version.ts';
import type { Config } from './config.ts';
import { WebhookBook } from './events/webhook-book.ts';
import { type Geo, openGeo } from './geo/geo.ts';
import { Introduction } from './geo/introduction.ts';
import type { Log } from './log.ts';
import { systemRandomness as randomness } from './randomness.ts';
import { openRegistry, type Registry } from './registry/registry.ts';
import type { Courier } from './storage/events/courier.ts';
import type { Identity } from './storage/identity.ts';
import { findSecretKey } from './virtual/secrets/upstream-secrets.ts';
import { openCourier, openPrimary, type Ports, type Primary } from './wire.ts';

export interface SiteOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly identity: Identity;
  readonly log: Log;
}

export interface Site extends SiteOptions {
  /** Of the cluster; absent at a secondary that was given none. */
  readonly secretKey: Buffer | undefined;
  readonly auth: Auth;
  readonly registry: Registry;
  readonly geo: Geo;
  readonly courier: Courier;
  readonly webhookBook: WebhookBook;
  /** Absent where this site is the primary itself. */
  readonly primary?: Primary;
  /** Closes what was opened beside the ports. */
  close(): Promise<void>;
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const { config, ports, identity, log } = options;
  const coherence = new Coherence(ports.changeLog);
  const common = { ...ports, identity, version: VERSION, coherence, clock, randomness, log };
  const tokenTtlSeconds = Math.floor(config.tokenLifetimeMs / 1000);
  const settings = { anonymousPull: config.anonymousPull, tokenTtlSeconds };
  const auth = openAuth({ ...common, settings });
  const authorize = () => auth.siteCalls.authorize();
  const introduction = new Introduction({ ...common, authorize });
  const primary = config.primaryUrl && (await openPrimary(config.primaryUrl, introduction.read));
  const beyond = primary ? { primary } : {};
  const geo = openGeo({ ...common, ...primary, sync: config.sync, freshnessSettings: config });
  const registry = await openRegistry({
    ...common,
    cluster: identity.cluster,
    uploadLimits: {
      perSubject: config.maxUploads,
      perRepository: config.maxUploads,
      lifetimeMs: config.uploadExpiryMs,
    },
    ...(geo.elsewhere ? { elsewhere: geo.elsewhere } : {}),
    ...(geo.demand ? { onRead: geo.demand.note } : {}),
  });
  const secretKey = await openSecretKey(options);
  const courier = await openCourier(config);
  const webhookBook = new WebhookBook({ ...common, courier });
  const close = async () => {
    if (primary) await primary.close();
  };
  return { ...options, secretKey, auth, registry, geo, courier, webhookBook, ...beyond, close };
}

async function openSecretKey({ config, ports }: SiteOptions): Promise<Buffer | undefined> {
  const { secretKey: given, primaryUrl } = config;
  return findSecretKey({ ...ports, given, isPrimary: !primaryUrl, randomness });
}

/**
 * Starts the replication of the site in this process. Loaded only here, the one door to that
 * program: a process that only answers never reads it.
 */
export async function replicate(site: Site): Promise<Replication> {
  const { startReplication } = await import('../replication/main.ts');
  return startReplication({ ...site, ...site.geo, ...site.config, clock, randomness });
}
