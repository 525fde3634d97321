/** One PostgreSQL server process: started, watched, started again when it dies, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Log } from '../../../log.ts';

export interface ServerOptions {
  /** Program and words. */
  readonly command: readonly string[];
  readonly log: Log;
}

const READY = 'database system is ready to accept connections';
const FIRST_PAUSE_MS = 50;
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
    child.ref();
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    await gone;
  }

  async #start(): Promise<void> {
    const [program, ...words] = this.#options.command;
    const child = spawn(program!, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: Ctrl-C in a terminal reaches us alone, and what drains needs it.
      detached: true,
    });
    this.#process = child;
    await this.#untilReady(child);
    this.#pauseMs = FIRST_PAUSE_MS;
    child.once('exit', (code, signal) => this.#onExit({ code, signal }));
    // From here on it must not keep our process alive: it ends when we do.
    child.unref();
    (child.stderr as Socket).unref();
  }

  #untilReady(child: ChildProcess): Promise<void> {
    const lastWords: string[] = [];
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      // 'close' comes when everything that it said has arrived.
      child.once('close', () => {
        reject(new Error(`PostgreSQL did not start: ${lastWords.join(' ')}`));
      });
      createInterface({ input: child.stderr! }).on('line', (line) => {
        this.#tell(line);
        if (line.includes(READY)) resolve();
        lastWords.push(line);
        if (lastWords.length > 5) lastWords.shift();
      });
    });
  }

  /** What it says of one connection is FATAL to that connection only. */
  #tell(line: string): void {
    const { log } = this.#options;
    if (line.startsWith('PANIC:')) log.error({ line }, 'PostgreSQL panicked');
    else if (/^(?:FATAL|WARNING):/.test(line)) log.warn({ line }, 'PostgreSQL warns');
    else log.debug({ line }, 'PostgreSQL says');
  }

  #onExit(cause: object): void {
    if (this.#isClosing) return;
    this.#options.log.error(cause, 'PostgreSQL is gone and is started again');
    this.#restart = setTimeout(() => {
      this.#start().catch((error: unknown) => this.#onExit({ err: error }));
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS);
  }
}
