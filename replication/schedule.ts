/** What runs by the calendar. The only file that knows node-cron. */
import { schedule as scheduleCron } from 'node-cron';
import type { Log } from '../src/log.ts';

export interface Job {
  readonly name: string;
  /** Five fields, in the time zone of the machine. */
  readonly expression: string;
  readonly run: () => Promise<unknown>;
}

/**
 * Runs each job at its times, never twice at once; a failure is logged. @returns the way to stop.
 */
export function schedule(jobs: readonly Job[], log: Log): () => Promise<void> {
  const tasks = jobs.map(({ name, expression, run }) => {
    const runLogged = () => run().catch((error: unknown) => logFailure(error, name, log));
    return scheduleCron(expression, runLogged, { name, noOverlap: true });
  });
  return async () => {
    for (const task of tasks) await task.destroy();
  };
}

function logFailure(error: unknown, job: string, log: Log): void {
  log.error({ err: error, job }, 'a scheduled job failed');
}
