/** The server of a site: which doors it has, how it listens, and how it ends. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { systemClock as clock } from './clock.ts';
import { type Config, ConfigError } from './config.ts';
import { type AppOptions, createApp, type OnAnswer } from './http/app.ts';
import { Gatekeeper } from './http/authenticate.ts';
import { serveConsole } from './http/console/console.ts';
import { countRequests, countSources } from './http/count-requests.ts';
import { notePulls } from './http/events/note-pull.ts';
import { watchPulls } from './http/events/watch-pulls.ts';
import { ExternalUrl, readNetworks } from './http/external-url.ts';
import { answerApiWithPosition, forwardApiToPrimary } from './http/forward/api.ts';
import { UploadKeeper } from './http/forward/keep.ts';
import { readListFresh, readOwnList } from './http/forward/lists.ts';
import { openPassOn, type PassOn } from './http/forward/pass-on.ts';
import { answerWithPosition, forwardToPrimary } from './http/forward/registry.ts';
import { answerHealth } from './http/health.ts';
import { recordActs } from './http/people/audit-door.ts';
import { openRequestLimits } from './http/people/request-rates.ts';
import { exchangeSessions } from './http/people/session-door.ts';
import { type Listener, RunningServer } from './http/server.ts';
import { tokenRoutes } from './http/token.ts';
import { traceRequests } from './http/tracing/trace-requests.ts';
import { Admission } from './http/v2/admission.ts';
import { Mirrors } from './http/virtual/mirrors.ts';
import type { Figures } from './metrics.ts';
import type { ServerDetails } from './oci/events/actor.ts';
import { systemRandomness as randomness } from './randomness.ts';
import type { Site } from './site.ts';
import { once } from './wire/once.ts';

/** Who sees the requests, beside who answers them. */
export interface Observers {
  readonly figures?: Figures | undefined;
  readonly onAnswer?: OnAnswer | undefined;
  /** Called once it listens. */
  readonly onReady?: () => void;
}

/** What few ask for at once loads so long after the start: whoever waits for that is told first. */
const WARM_UP_MS = 250;

/** Answers requests until the promise resolves; then lets running ones finish. */
export async function answerUntil(
  stopping: Promise<void>,
  site: Site,
  { figures, onAnswer, onReady }: Observers = {},
): Promise<void> {
  const { config, log } = site;
  const draining = new AbortController();
  const app = describeApp(site, draining.signal);
  const watching = [onAnswer, figures && countSources(figures)].filter((one) => one !== undefined);
  const handle = createApp({ ...app, onAnswer: watching }).callback();
  const counted = figures ? countRequests(handle, figures) : handle;
  const traces = await openTraces(config);
  const server = await listen(config, traces ? traceRequests(counted, traces) : counted);
  const scheme = config.tlsCert ? 'https' : 'http';
  log.info({ site: config.site, url: `${scheme}://${config.listen.host}:${server.port}` }, 'ready');
  onReady?.();
  void warmUp(site, app, draining.signal);
  await stopping;
  log.info('stopping: what runs may finish');
  draining.abort();
  const couldFinish = await server.drain(config.drainDeadlineMs);
  if (!couldFinish) log.warn('the deadline passed: transfers were cut off');
  await traces?.close();
}

/** Whoever needs it sooner loads it; where that fails, its first caller is told. */
async function warmUp(site: Site, app: AppOptions, draining: AbortSignal): Promise<void> {
  await clock.sleep(WARM_UP_MS, draining).catch(() => undefined);
  if (draining.aborted) return;
  await app.openApi?.().catch(() => undefined);
  await site.remotes.load().catch(() => undefined);
}

async function openTraces({ otlpEndpoint, site }: Config) {
  if (!otlpEndpoint) return undefined;
  return (await import('./wire/traces.ts')).openTraces(otlpEndpoint, site);
}

async function listen(config: Config, answer: Listener): Promise<RunningServer> {
  const { host, port } = config.listen;
  const tls = await readTls(config);
  const options = { host, port, clock, ...(tls ? { tls } : {}) };
  try {
    return await RunningServer.listen(answer, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} of ${host} is in use: MERIDIAN_LISTEN must name a free one.`, {
      cause: error,
    });
  }
}

/** This process, as events name it. */
function describeProcess({ site, listen: { port } }: Config): ServerDetails {
  return { site, address: `${hostname()}:${port}`, instance: randomness.uuid() };
}

/** How a site answers. @param draining aborts what never ends by itself */
export function describeApp(site: Site, draining: AbortSignal): AppOptions {
  const { config, auth, geo, ports, identity, registry, virtual, log, primary } = site;
  const { publicUrl, trustedProxies } = config;
  const externalUrl = new ExternalUrl({ trustedProxies, ...(publicUrl ? { publicUrl } : {}) });
  const authenticator = auth.siteCalls;
  const gatekeeper = new Gatekeeper({
    authenticator,
    externalUrl,
    service: identity.cluster,
    server: describeProcess(config),
    randomness,
    requestLimits: openRequestLimits(config, ports.openLimiter),
  });
  const { chunkMinBytes } = ports.blobStore;
  const mirrors = new Mirrors({ ...site, gatekeeper });
  const passOn = primary && openPassOn({ ...geo, ...primary, writes: config.writes });
  return {
    services: {
      ...registry,
      ...auth,
      virtual,
      ...delegationRules(config, externalUrl),
      chunkMinBytes,
    },
    gatekeeper,
    mirrors,
    ...(primary ? {} : { admission: new Admission({ ...auth, ...registry }) }),
    changes: config.changes,
    log,
    clock,
    accessLog: config.accessLog,
    onCall: [notePulls(site.pulls), watchPulls((pull) => site.pullNotes.note(pull))],
    doors: [
      answerHealth({ check: () => assertReady(site), log }),
      serveConsole(once(async () => (await import('./wire/console.ts')).readConsole())),
      exchangeSessions(auth.sessions),
      recordActs({ ...ports, gatekeeper, clock, log }),
      passOn ? forwardApiToPrimary(passOn, gatekeeper) : answerApiWithPosition(geo.passage),
      tokenRoutes({ ...auth, gatekeeper, mirrors }),
    ],
    openApi: once(async () => {
      const { openApi } = await import('./wire/api.ts');
      return openApi(site, { gatekeeper, passOn, draining });
    }),
    ...describeForwarding(site, passOn),
  };
}

/**
 * Throws where the database is away, and at a secondary that knows nobody yet: it just joined. A
 * worker that runs apart may be started after its servers, so those wait for nothing.
 */
async function assertReady({ ports, primary, config }: Site): Promise<void> {
  const position = await ports.changeLog.head();
  if (!primary || position > 0 || config.replication === 'separate') return;
  throw new Error('the first facts of the primary are not here yet');
}

/** What a secondary does not answer by itself, and how the primary answers to secondaries. */
function describeForwarding({ geo, registry }: Site, passOn: PassOn | undefined) {
  const { freshness, passage, keptUploads } = geo;
  if (!passOn || !freshness) {
    return { forward: answerWithPosition(passage), readList: readOwnList };
  }
  const keeper = new UploadKeeper(keptUploads, () => randomness.uuid());
  const forward = forwardToPrimary(passOn, keeper);
  return { forward, readList: readListFresh({ ...registry, forward, freshness }) };
}

/** Whom the bytes of a blob may be left to: the bucket, by the client's address, or nginx. */
function delegationRules(config: Config, externalUrl: ExternalUrl) {
  const { redirect, redirectExcept, storage, accelLocation } = config;
  const hasBucket = redirect && storage.kind === 's3';
  const excepted = readNetworks(redirectExcept);
  const mayRedirect = (address: string) =>
    hasBucket && !excepted.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  if (accelLocation === 'off') return { mayRedirect };
  const acceleratedAt = (request: IncomingMessage) =>
    externalUrl.isFromProxy(request) && sendsFiles(request) ? accelLocation : undefined;
  return { mayRedirect, acceleratedAt };
}

/** Others than nginx may be trusted proxies; who sends files says so as it does to Ruby's Rack. */
function sendsFiles({ headers }: IncomingMessage): boolean {
  return headers['x-sendfile-type'] === 'X-Accel-Redirect';
}

async function readTls({ tlsCert, tlsKey }: Config) {
  if (!tlsCert || !tlsKey) return undefined;
  return {
    cert: await readPem('MERIDIAN_TLS_CERT', tlsCert),
    key: await readPem('MERIDIAN_TLS_KEY', tlsKey),
  };
}

async function readPem(variable: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch {
    throw new ConfigError([`${variable} names a file that cannot be read: ${file}.`]);
  }
}
