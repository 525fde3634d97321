/** `meridian demo` as people start it, on ports that are free. */
import { randomInt } from 'node:crypto';
import { type Daemon, startDaemon } from './daemon.ts';
import { PROGRAM } from './path.ts';

/** They start one after the other. */
const SITE_LIMIT_MS = 30_000;

export interface Demo extends Daemon {
  /** Of the sites, the primary first. */
  readonly urls: readonly string[];
}

/** @param data the folder in which it keeps everything */
export async function startDemo(data: string, sites: number): Promise<Demo> {
  const port = await findPorts(sites);
  const urls = Array.from({ length: sites }, (_, index) => `http://127.0.0.1:${port + index}`);
  const daemon = await startDaemon({
    command: [process.execPath, PROGRAM, 'demo', '--sites', `${sites}`, '--port', `${port}`],
    env: { MERIDIAN_DATA: data },
    limitMs: sites * SITE_LIMIT_MS,
    probe: async () => {
      for (const url of urls) {
        const { ok } = await fetch(`${url}/readyz`);
        if (!ok) throw new Error('not ready');
      }
    },
  });
  return { ...daemon, urls };
}

/**
 * The first of so many free ports in a row. They lie below those that the kernel gives to whoever
 * connects, since the later sites take theirs seconds after it was looked.
 */
async function findPorts(count: number): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const row = Array.from({ length: count }, (_, index) => port + index);
    const answers = await Promise.all(row.map(isAnswering));
    if (!answers.includes(true)) return port;
  }
}

export function isAnswering(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}
