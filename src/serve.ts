/** Running a site: `serve`, `worker` and `migrate`. */
import cluster from 'node:cluster';
import { systemClock as clock } from './clock.ts';
import type { Config } from './config.ts';
import { layFoundation, openDatabase } from './foundation.ts';
import { createLog, type Log } from './log.ts';
import { Processes } from './processes.ts';
import { answerUntil } from './site.ts';
import { waitForStop } from './stop.ts';

/** Children get longer than their own deadline, so that they can say that it passed. */
const LATE_MS = 5000;

/** Answers for the site until the process is told to stop. @throws Error in one sentence */
export async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const stopping = waitForStop();
  if (cluster.isWorker) {
    await answerUntil(stopping, { config, databaseUrl: config.databaseUrl!, log });
    cluster.worker?.disconnect();
    return;
  }
  const foundation = await layFoundation(config, log);
  const { databaseUrl } = foundation;
  try {
    if (config.processes === 1) await answerUntil(stopping, { config, databaseUrl, log });
    else await superviseUntil(stopping, { config, databaseUrl, log });
  } finally {
    await foundation.close();
  }
}

async function superviseUntil(
  stopping: Promise<void>,
  { config, databaseUrl, log }: { config: Config; databaseUrl: string; log: Log },
): Promise<void> {
  const processes = new Processes({ log, clock, environment: { DATABASE_URL: databaseUrl } });
  try {
    await processes.start(config.processes);
    await stopping;
  } finally {
    await processes.stop(config.drainDeadlineMs + LATE_MS);
  }
}

export async function work(config: Config): Promise<void> {
  void config;
}

/** Brings the tables up to date, and ends. */
export async function migrate(config: Config): Promise<void> {
  const database = await openDatabase(config, createLog(config.logLevel));
  await database.close();
}
