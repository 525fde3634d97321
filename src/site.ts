/** One process that answers requests for a site. */
import { readFile } from 'node:fs/promises';
import { type Auth, openAuth } from './auth/auth.ts';
import { systemClock as clock } from './clock.ts';
import { Coherence } from './coherence.ts';
import { type Config, ConfigError } from './config.ts';
import { accessTokenRoutes } from './http/api/access-tokens.ts';
import { accountRoutes } from './http/api/accounts.ts';
import { type AppOptions, createApp } from './http/app.ts';
import { Gatekeeper } from './http/authenticate.ts';
import { ExternalUrl, readNetworks } from './http/external-url.ts';
import { answerHealth } from './http/health.ts';
import { RunningServer } from './http/server.ts';
import { tokenRoutes } from './http/token.ts';
import type { Log } from './log.ts';
import { systemRandomness as randomness } from './randomness.ts';
import { openRegistry } from './registry/registry.ts';
import type { Identity } from './storage/identity.ts';
import { openPorts, type Ports } from './wire.ts';

interface SiteOptions {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly log: Log;
}

/** The rules of a site over its ports, and who may. */
interface Site {
  readonly config: Config;
  readonly ports: Ports;
  readonly auth: Auth;
  readonly services: AppOptions['services'];
  readonly identity: Identity;
  readonly log: Log;
}

/** Answers requests until the promise resolves; then lets running ones finish. */
export async function answerUntil(stopping: Promise<void>, options: SiteOptions): Promise<void> {
  const { config, databaseUrl, log } = options;
  const ports = await openPorts(config, databaseUrl);
  try {
    const site = await openSite(ports, options);
    const server = await listen(site);
    const scheme = config.tlsCert ? 'https' : 'http';
    log.info(
      { site: config.site, url: `${scheme}://${config.listen.host}:${server.port}` },
      'ready',
    );
    await stopping;
    log.info('stopping: what runs may finish');
    const couldFinish = await server.drain(config.drainDeadlineMs);
    if (!couldFinish) log.warn('the deadline passed: transfers were cut off');
  } finally {
    await ports.close();
  }
}

async function openSite(ports: Ports, { config, log }: SiteOptions): Promise<Site> {
  const identity = await ports.identityStore.find();
  if (!identity) throw new Error('this site has no identity yet');
  const { changeLog, blobStore } = ports;
  const coherence = new Coherence(changeLog);
  const common = { ...ports, identity, coherence, clock, randomness };
  const settings = {
    anonymousPull: config.anonymousPull,
    tokenTtlSeconds: Math.floor(config.tokenLifetimeMs / 1000),
  };
  const uploadLimits = { perSubject: config.maxUploads, perRepository: config.maxUploads };
  const [auth, registry] = await Promise.all([
    openAuth({ ...common, settings }),
    openRegistry({ ...common, cluster: identity.cluster, uploadLimits }),
  ]);
  const { chunkMinBytes } = blobStore;
  const services = { ...registry, mayRedirect: redirectRule(config), chunkMinBytes };
  return { config, ports, auth, services, identity, log };
}

/** Which clients may be sent to the bucket itself, by their address. */
function redirectRule({ redirect, redirectExcept }: Config): (address: string) => boolean {
  const excepted = readNetworks(redirectExcept);
  return (address) => redirect && !excepted.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

async function listen(site: Site): Promise<RunningServer> {
  const { config, log } = site;
  const app = createApp({
    ...openDoors(site),
    services: site.services,
    log,
    clock,
    isAccessLogged: config.logLevel === 'debug',
  });
  const tls = await readTls(config);
  try {
    return await RunningServer.listen(app.callback(), {
      ...config.listen,
      clock,
      ...(tls ? { tls } : {}),
    });
  } catch (error) {
    const { host, port } = config.listen;
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} of ${host} is in use: MERIDIAN_LISTEN must name a free one.`, {
      cause: error,
    });
  }
}

function openDoors({ config, auth, ports, identity, log }: Site) {
  const { publicUrl, trustedProxies } = config;
  const externalUrl = new ExternalUrl({ trustedProxies, ...(publicUrl ? { publicUrl } : {}) });
  const gatekeeper = new Gatekeeper({ ...auth, externalUrl, service: identity.cluster });
  const doors = [
    answerHealth({ check: () => ports.changeLog.head(), log }),
    tokenRoutes({ ...auth, gatekeeper }),
    accountRoutes({ ...auth, gatekeeper }),
    accessTokenRoutes({ ...auth, gatekeeper }),
  ];
  return { gatekeeper, doors };
}

async function readTls({ tlsCert, tlsKey }: Config) {
  if (!tlsCert || !tlsKey) return undefined;
  const read = (variable: string, file: string) =>
    readFile(file).catch(() => {
      throw new ConfigError([`${variable} names a file that cannot be read: ${file}.`]);
    });
  return {
    cert: await read('MERIDIAN_TLS_CERT', tlsCert),
    key: await read('MERIDIAN_TLS_KEY', tlsKey),
  };
}
