/**
 * How a site is told to stop: the first signal asks for an orderly end, the second ends at once.
 */
import cluster from 'node:cluster';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What a parent process tells a child that it started. */
export const STOP_MESSAGE = 'stop';

/**
 * Resolves when this process shall stop.
 *
 * A process of a cluster listens to its parent alone: terminals and supervisors signal whole
 * groups, and the parent's word would then be taken for a second signal. Whoever was started with a
 * channel also stops when its parent is gone.
 */
export function waitForStop(): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) {
      process.once('disconnect', resolve);
      process.on('message', (message) => message === STOP_MESSAGE && resolve());
      // Listening must not keep a process alive that has nothing else to do.
      process.channel?.unref();
    }
    for (const signal of SIGNALS) process.on(signal, cluster.isWorker ? () => {} : twice(resolve));
  });
}

function twice(stop: () => void): () => void {
  let wasAsked = false;
  return () => {
    if (wasAsked) process.exit(1);
    wasAsked = true;
    stop();
  };
}
