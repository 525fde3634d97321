/** Running a site: `serve`, `worker` and `migrate`. */
import cluster from 'node:cluster';
import { systemClock as clock } from './clock.ts';
import { type Config, ConfigError } from './config.ts';
import type { Foundation } from './foundation.ts';
import { createLog, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { Processes } from './processes.ts';
import type { Observers } from './server.ts';
import type { Site } from './site.ts';
import { waitForStop } from './stop.ts';
import { openDatabase, openPorts, type Ports, prepareDatabase } from './wire.ts';

/** Children get longer than their own deadline, so that they can say that it passed. */
const LATE_MS = 5000;

/** Sees what a site does while it answers: called once, it gives what sees each answer. */
export type Witness = (site: Site) => NonNullable<Observers['onAnswer']>;

/** Answers for the site until the process is told to stop. @throws Error in one sentence */
export async function serve(config: Config, witness?: Witness): Promise<void> {
  const log = createLog(config.logLevel);
  const stopping = waitForStop();
  if (cluster.isWorker) return serveAsChild(stopping, config, log);
  const foundation = await prepare(config, log);
  try {
    if (config.processes > 1) await supervise(stopping, foundation, { config, log });
    else await serveAlone(stopping, foundation, { config, log, ...(witness ? { witness } : {}) });
  } finally {
    await foundation.close();
  }
}

/** Everything that a site stands on. The rest of the program loads while its database starts. */
async function prepare(config: Config, log: Log): Promise<Foundation> {
  const opening = openDatabase(config, log);
  const [database, { layFoundation }] = await Promise.all([opening, loadRest()]);
  return layFoundation(database, config, log);
}

/** One after the other, so that the start of the database gets its turns between them. */
async function loadRest() {
  const foundation = await import('./foundation.ts');
  await import('./site.ts');
  await import('./server.ts');
  return foundation;
}

interface Common {
  readonly config: Config;
  readonly log: Log;
}

async function serveAlone(
  stopping: Promise<void>,
  foundation: Foundation,
  common: Common & { readonly witness?: Witness },
): Promise<void> {
  const { answerUntil } = await import('./server.ts');
  const metrics = await openMetrics(common.config, foundation.ports);
  await withReplication(foundation, common, (site, begin) => {
    metrics?.addSite(site.geo.status.read);
    const onAnswer = common.witness?.(site);
    return withMetricsServer(common.config, metrics && (() => metrics.print()), () =>
      answerUntil(stopping, site, { figures: metrics, onAnswer, onReady: begin }),
    );
  });
}

/** What this process counts; `undefined` where nobody reads it. */
async function openMetrics(
  { metricsListen }: Config,
  { changeLog, outbox }: Ports,
): Promise<Metrics | undefined> {
  if (metricsListen === 'off') return undefined;
  const metrics = new (await import('./metrics.ts')).Metrics();
  const help = 'Position of the last change that this site holds.';
  metrics.addGauge('meridian_change_log_position', help, () => changeLog.head());
  metrics.addOutbox(() => outbox.count());
  return metrics;
}

async function withMetricsServer(
  { metricsListen }: Config,
  print: (() => Promise<string>) | undefined,
  task: () => Promise<void>,
): Promise<void> {
  if (metricsListen === 'off' || !print) return task();
  const server = await (await import('./metrics.ts')).serveMetrics(metricsListen, print);
  try {
    await task();
  } finally {
    server.close();
  }
}

/** The parent owns the database and the replication; its children answer. */
async function supervise(
  stopping: Promise<void>,
  foundation: Foundation,
  common: Common,
): Promise<void> {
  const { config, log } = common;
  const environment = { DATABASE_URL: foundation.databaseUrl };
  const processes = new Processes({ log, clock, environment });
  const isCounted = config.metricsListen !== 'off';
  const print = isCounted ? (await import('./metrics.ts')).sumOfChildren() : undefined;
  await withReplication(foundation, common, async (_site, begin) => {
    begin();
    try {
      await processes.start(config.processes);
      // Only now: a child that is still loading would keep whoever reads the metrics waiting.
      await withMetricsServer(config, print, () => stopping);
    } finally {
      await processes.stop(config.drainDeadlineMs + LATE_MS);
    }
  });
}

async function serveAsChild(stopping: Promise<void>, config: Config, log: Log): Promise<void> {
  const { answerUntil } = await import('./server.ts');
  const { openSite } = await import('./site.ts');
  const ports = await openPorts(config, config.databaseUrl!);
  try {
    const identity = (await ports.identityStore.find())!;
    const site = await openSite({ config, ports, identity, log });
    const metrics = await openMetrics(config, ports);
    metrics?.addSite(site.geo.status.read);
    try {
      await answerUntil(stopping, site, { figures: metrics });
    } finally {
      await site.close();
    }
  } finally {
    await ports.close();
    cluster.worker?.disconnect();
  }
}

/** Opens the site and runs the task with it, replicating meanwhile unless a worker does that. */
async function withReplication(
  foundation: Foundation,
  { config, log }: Common,
  task: (site: Site, begin: () => void) => Promise<void>,
): Promise<void> {
  const { openSite } = await import('./site.ts');
  const site = await openSite({ ...foundation, config, log });
  try {
    if (config.replication === 'separate') await task(site, () => {});
    else await replicateWhile(site, (begin) => task(site, begin));
  } finally {
    await site.close();
  }
}

/** The task says when to begin: a site answers before its replication is loaded. */
async function replicateWhile(
  site: Site,
  task: (begin: () => void) => Promise<void>,
): Promise<void> {
  const { replicate } = await import('./site.ts');
  let replicating: ReturnType<typeof replicate> | undefined;
  try {
    await task(() => {
      replicating ??= replicate(site);
    });
  } finally {
    await (await replicating)?.close();
  }
}

/** Replicates for a site whose servers run elsewhere, until the process is told to stop. */
export async function work(config: Config): Promise<void> {
  if (config.replication === 'embedded') {
    throw new ConfigError(['A worker needs MERIDIAN_REPLICATION=separate, as its servers do.']);
  }
  const log = createLog(config.logLevel);
  const stopping = waitForStop();
  const foundation = await prepare(config, log);
  try {
    await withReplication(foundation, { config, log }, (site) =>
      replicateWhile(site, async (begin) => {
        begin();
        log.info({ site: config.site }, 'replicating');
        await stopping;
      }),
    );
  } finally {
    await foundation.close();
  }
}

/** Brings the tables up to date, and ends. */
export async function migrate(config: Config): Promise<void> {
  const database = await openDatabase(config, createLog(config.logLevel));
  await database.close();
}

/** Makes in advance what takes most of a first start; where that fails, first starts do without. */
export async function prepareFirstStarts(): Promise<void> {
  try {
    await prepareDatabase();
  } catch (error) {
    process.stderr.write(`meridian: first starts take a second longer: ${String(error)}\n`);
  }
}
