/** Our own program as a child process, the way an operator starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { NODE_FLAGS } from '../../../src/processes.ts';
import { PROGRAM } from './path.ts';

const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 20;

export interface Started {
  readonly url: URL;
  readonly data: string;
  readonly process: ChildProcess;
  /** All that it printed so far. */
  output(): string;
  /** Ends it and removes its data directory, unless that was given. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface StartOptions {
  /** Settings beside those of the listener and the data directory. */
  readonly env?: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly port?: number;
  /** File of the program; ours unless it is another version. */
  readonly program?: string;
  /** The command and what follows it; `serve` by default. */
  readonly words?: readonly string[];
  /** Whether it leads a process group, as what is started in a terminal does. */
  readonly hasOwnGroup?: boolean;
}

export const ADMIN = { user: 'admin', password: 'correct-horse-battery-staple' };

/**
 * Starts `meridian serve` on a free port of 127.0.0.1 and waits until it is ready.
 *
 * @throws Error with all that it printed where it ends or is not ready within 30 s.
 */
export async function startProgram(options: StartOptions = {}): Promise<Started> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'meridian-')));
  const port = options.port ?? (await findPort());
  const url = new URL(`http://127.0.0.1:${port}`);
  const words = [...NODE_FLAGS, options.program ?? PROGRAM, ...(options.words ?? ['serve'])];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, ...settingsOf({ data, port }), ...options.env },
    detached: options.hasOwnGroup ?? false,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  }
  const output = (): string => printed.join('');
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    await end(child, signal);
    if (options.data === undefined) await rm(data, { recursive: true, force: true });
  };
  try {
    await waitForAnswer(new URL('/readyz', url), () => child.exitCode === null);
  } catch (error) {
    await stop('SIGKILL');
    throw new Error(`meridian did not become ready:\n${output()}`, { cause: error });
  }
  return { url, data, process: child, output, stop };
}

function settingsOf({ data, port }: { data: string; port: number }): Record<string, string> {
  return {
    MERIDIAN_LISTEN: `127.0.0.1:${port}`,
    MERIDIAN_PUBLIC_URL: `http://127.0.0.1:${port}`,
    MERIDIAN_DATA: data,
    MERIDIAN_ADMIN_PASSWORD: ADMIN.password,
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/**
 * Waits until the URL answers with 200.
 *
 * @param alive says whether waiting still makes sense.
 */
export async function waitForAnswer(url: URL, alive: () => boolean = () => true): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline && alive()) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await wait(POLL_MS);
  }
  throw new Error(`${url.href} did not answer`);
}

/** A port that the kernel says is free. */
export async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
