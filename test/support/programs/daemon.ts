/** A program that runs beside the tests until they stop it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

export interface Daemon {
  /** All that it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly command: readonly [string, ...string[]];
  /** Rejects as long as the program is not ready. */
  readonly probe: () => Promise<unknown>;
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to be ready; 30 s unless given. */
  readonly limitMs?: number;
}

const START_LIMIT_MS = 30_000;
const POLL_MS = 100;

/** @throws Error with all that it printed where it ends or is not ready in time. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { command, probe, env, limitMs = START_LIMIT_MS } = options;
  const [program, ...words] = command;
  const child = spawn(program, words, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  }
  const output = (): string => printed.join('');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  const deadline = performance.now() + limitMs;
  while (child.exitCode === null && performance.now() < deadline) {
    const ready = await probe().then(
      () => true,
      () => false,
    );
    if (ready) return { stop, output };
    await wait(POLL_MS);
  }
  await stop();
  throw new Error(`${program} did not start:\n${output()}`);
}
