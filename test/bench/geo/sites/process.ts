/** A process of our own program that may be killed, and started again as it was. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS } from '../../../../src/processes.ts';
import { PROGRAM } from '../../../support/programs/path.ts';

export interface ProcessPlan {
  /** The command, such as `serve`. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where all that it says is added to. */
  readonly logFile: string;
  /** Answers 200 once it is ready; absent where nothing says so. */
  readonly readyUrl?: string;
}

const READY_LIMIT_MS = 60_000;
const POLL_MS = 20;

export class SiteProcess {
  readonly #plan: ProcessPlan;
  #child: ChildProcess | undefined;

  constructor(plan: ProcessPlan) {
    this.#plan = plan;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Starts it and waits until it is ready. @throws Error with its last words where it is not. */
  async start(): Promise<void> {
    const { command, environment, logFile, readyUrl } = this.#plan;
    const log = openSync(logFile, 'a');
    const words = [...NODE_FLAGS, '--enable-source-maps', PROGRAM, command];
    this.#child = spawn(process.execPath, words, {
      env: environment,
      // A group of its own, out of reach of Ctrl-C; the channel tells it when the bench is gone.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    if (readyUrl !== undefined) await this.#untilReady(this.#child, readyUrl);
  }

  /** Sends the signal; resolves when the process is gone. Idempotent. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async #untilReady(child: ChildProcess, url: string): Promise<void> {
    const deadline = performance.now() + READY_LIMIT_MS;
    while (child.exitCode === null && performance.now() < deadline) {
      const isReady = await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      await sleep(POLL_MS);
    }
    await this.kill('SIGKILL');
    throw new Error(`a site did not start: ${this.#lastWords()}`);
  }

  #lastWords(): string {
    const lines = readFileSync(this.#plan.logFile, 'utf8').trim().split('\n');
    return lines.slice(-3).join(' ');
  }
}
