/**
 * One site of the demo: a process of its own, with its own data folder and log, that tells what
 * happens at it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { NODE_FLAGS } from '../processes.ts';
import type { Happening } from './happening.ts';

export interface SitePlan {
  readonly name: string;
  readonly port: number;
  /** Where its log is written. */
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onHappening: (happening: Happening) => void;
}

/** The file that this process runs itself. */
const PROGRAM = process.argv[1]!;
const ASK_EVERY_MS = 20;

export class DemoSite {
  readonly name: string;
  readonly url: string;
  readonly #logFile: string;
  readonly #process: ChildProcess;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;

  private constructor({ name, port, logFile }: SitePlan, process: ChildProcess) {
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.#logFile = logFile;
    this.#process = process;
    this.ended = new Promise((resolve) => void process.once('exit', () => resolve()));
  }

  /**
   * Starts it and waits until it is ready. @throws Error with the end of its log where it is not.
   */
  static async open(plan: SitePlan, clock: Clock): Promise<DemoSite> {
    const log = openSync(plan.logFile, 'w');
    const words = [...NODE_FLAGS, '--enable-source-maps', PROGRAM, 'demo-site'];
    const child = spawn(process.execPath, words, {
      env: plan.environment,
      // Its own group, so that Ctrl-C reaches the demo alone, which then stops the sites in order.
      detached: true,
      // The channel tells us what happens there, and it when the demo is gone, however that came.
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    child.on('message', (message) => plan.onHappening(message as Happening));
    const site = new DemoSite(plan, child);
    await site.#untilReady(clock);
    return site;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Lets it drain; resolves when it is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.ended;
  }

  async #untilReady(clock: Clock): Promise<void> {
    while (!(await this.#isReady())) {
      if (!this.isRunning) throw new Error(this.#lastWords());
      await clock.sleep(ASK_EVERY_MS);
    }
  }

  async #isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  #lastWords(): string {
    const lines = readFileSync(this.#logFile, 'utf8').trim().split('\n');
    return `The site ${this.name} did not start: ${lines.at(-1)} (all of it: ${this.#logFile})`;
  }
}
