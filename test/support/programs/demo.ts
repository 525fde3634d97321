/** `meridian demo` as people start it, on ports that are free. */
import { fileURLToPath } from 'node:url';
import { type Daemon, startDaemon } from './daemon.ts';
import { findPort } from './program.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));

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
    command: [process.execPath, MAIN, 'demo', '--sites', `${sites}`, '--port', `${port}`],
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

/** @returns the first of so many ports in a row */
async function findPorts(count: number): Promise<number> {
  for (;;) {
    const port = await findPort();
    const others = Array.from({ length: count - 1 }, (_, index) => port + index + 1);
    const answers = await Promise.all(others.map((other) => isAnswering(other)));
    if (port + count <= 65_535 && !answers.includes(true)) return port;
  }
}

export function isAnswering(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}
