/**
 * Several processes that answer for one site on one machine. The parent hands out connections,
 * keeps its children alive, and owns whatever there may be only one of.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { STOP_MESSAGE } from './stop.ts';

interface Dependencies {
  readonly log: Log;
  readonly clock: Clock;
  /** Variables that the children have beside those of the parent. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * How Node is started for a site; the first line of main.ts says the same.
 *
 * Each read of a socket makes a buffer outside of V8's heap, and V8 answers such growth with
 * marking on threads of its own. With uploads at full speed these took most of a second core.
 * The young generation begins at the size that it comes to anyway: growing there collected the
 * garbage of a start a dozen times. The old one is collected when it has grown by half, not at four
 * times what lives: a site that catches up then holds about as much memory all the time.
 */
export const NODE_FLAGS = [
  '--single-threaded-gc',
  '--min-semi-space-size=16',
  '--heap-growing-percent=50',
] as const;

/** Pauses before a child that died is started again; each death in a row takes the next one. */
const PAUSES_MS = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000];

/** A child that lived this long did not die of how it was started. */
const SETTLED_MS = 60_000;

export class Processes {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #stopping = new AbortController();
  #places: Promise<void>[] = [];

  constructor({ log, clock, environment }: Dependencies) {
    this.#log = log;
    this.#clock = clock;
    this.#environment = environment;
  }

  /**
   * Starts that many, and keeps each place taken until `stop`. Resolves when all have begun to
   * listen.
   * @throws Error where one ends before it does.
   */
  async start(count: number): Promise<void> {
    const first = Array.from({ length: count }, () => this.#fork());
    this.#places = first.map((worker) => this.#keep(worker));
    await Promise.all(first.map(untilListening));
  }

  /** Tells every child to drain and waits for the last; those that are late by then are killed. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    for (const worker of workers()) if (worker.isConnected()) worker.send(STOP_MESSAGE);
    const over = new AbortController();
    const late = this.#clock.sleep(deadlineMs, over.signal).then(kill, () => {});
    await Promise.all(this.#places);
    over.abort();
    await late;
  }

  #fork(): Worker {
    const worker = cluster.fork(this.#environment);
    // A word to a child that has just ended is lost, and nothing else: its exit tells the rest.
    worker.on('error', (error) => this.#log.debug({ err: error }, 'a process did not listen'));
    return worker;
  }

  /** Starts a successor whenever the one in this place dies. */
  async #keep(first: Worker): Promise<void> {
    let [worker, deaths] = [first, 0];
    while (true) {
      const bornAt = this.#clock.now().getTime();
      const { code, signal } = await untilGone(worker);
      if (this.#stopping.signal.aborted) return;
      const pid = worker.process.pid;
      this.#log.error({ pid, code, signal }, 'a process died and is started again');
      if (this.#clock.now().getTime() - bornAt > SETTLED_MS) deaths = 0;
      const isOver = await this.#pause(PAUSES_MS[deaths++] ?? PAUSES_MS.at(-1)!);
      if (isOver) return;
      worker = this.#fork();
    }
  }

  /** @returns whether the wait was ended by `stop`. */
  #pause(milliseconds: number): Promise<boolean> {
    return this.#clock.sleep(milliseconds, this.#stopping.signal).then(
      () => false,
      () => true,
    );
  }
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

function kill(): void {
  for (const worker of workers()) worker.process.kill('SIGKILL');
}

/** Not by `once`, which takes an error of the channel for the end. */
function untilGone(worker: Worker): Promise<{ code: number; signal: string | null }> {
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

async function untilListening(worker: Worker): Promise<void> {
  const ended = untilGone(worker).then(() => 'ended' as const);
  const listening = new Promise<'listening'>((resolve) => {
    worker.once('listening', () => resolve('listening'));
  });
  if ((await Promise.race([listening, ended])) === 'listening') return;
  throw new Error('a process of this site could not start; its own message says why');
}
