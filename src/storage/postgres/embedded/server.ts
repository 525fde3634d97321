/** One PostgreSQL server process: started, watched, started again when it dies, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Log } from '../../../log.ts';

export interface ServerOptions {
  /** Program and words. */
  readonly command: readonly string[];
  /** Folder of its files. */
  readonly cluster: string;
  readonly log: Log;
}

const READY = 'database system is ready to accept connections';
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;

export class EmbeddedServer {
  readonly #options: ServerOptions;
  #process: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isClosing = false;

  private constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it answers. @throws Error with its last words where it does not. */
  static async open(options: ServerOptions): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(options);
    await server.#start();
    return server;
  }

  /** Fast shutdown: connections are cut, a checkpoint is written. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#restart);
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    child.ref();
    await gone;
  }

  async #start(): Promise<void> {
    const [program, ...words] = this.#options.command;
    const child = spawn(program!, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    await this.#untilReady(child);
    // From here on it must not keep our process alive: it ends when we do.
    child.unref();
    (child.stderr as Socket).unref();
    this.#pauseMs = FIRST_PAUSE_MS;
    child.once('exit', (code, signal) => this.#onExit(code, signal));
  }

  #untilReady(child: ChildProcess): Promise<void> {
    const said: string[] = [];
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`PostgreSQL did not start: ${said.join(' ')}`)));
      createInterface({ input: child.stderr! }).on('line', (line) => {
        this.#options.log.debug({ line }, 'postgres');
        if (line.includes(READY)) resolve();
        else said.push(line);
      });
    });
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#isClosing) return;
    this.#options.log.error({ code, signal }, 'PostgreSQL died and is started again');
    this.#restart = setTimeout(() => {
      this.#start().catch((error: unknown) => {
        this.#options.log.error({ error }, 'PostgreSQL did not start');
        this.#onExit(null, null);
      });
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS);
  }
}
