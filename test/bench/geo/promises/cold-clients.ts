/**
 * Many clients of one cold blob, each of which compares every byte; in a thread of their own, so
 * that the line, which lives in the main one, keeps its pace.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Agent, request } from 'undici';

export interface Cold {
  /** Of the blob at the site. */
  readonly url: string;
  /** Of a small one that it has. */
  readonly warmUrl: string;
  readonly authorization: string;
  readonly bytes: SharedArrayBuffer;
  readonly clients: number;
}

export interface Seen {
  readonly kind: 'whole' | 'ranged' | 'aborted';
  /** Position of the first byte. */
  readonly start: number;
  /** In milliseconds since 1970, as `firstByteAt` is. */
  readonly askedAt: number;
  readonly firstByteAt: number;
  readonly seconds: number;
}

interface Part {
  readonly kind: Seen['kind'];
  readonly start: number;
  /** Position of the last byte that is read; then the client goes. */
  readonly last: number;
}

/**
 * Starts all at once, and tells when they start.
 * @throws Error with what the first of them saw that is wrong
 */
export function readCold(cold: Cold, onStart: () => void): Promise<Seen[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: cold });
    worker.on('message', (seen: Seen[] | typeof START) => {
      if (seen === START) onStart();
      else resolve(seen);
    });
    worker.once('error', reject);
  });
}

/** So often each client reads the small blob first: no first run of the code is measured. */
const WARM_UPS = 10;
const START = 'start';
const UNHURRIED = { headersTimeout: 0, bodyTimeout: 0 };

class ColdRead {
  readonly #cold: Cold;
  readonly #blob: Buffer;
  readonly #agent: Agent;

  constructor(cold: Cold) {
    this.#cold = cold;
    this.#blob = Buffer.from(cold.bytes);
    this.#agent = new Agent({ connections: cold.clients, ...UNHURRIED });
  }

  async readAll(onStart: () => void): Promise<Seen[]> {
    await this.#warmUp();
    onStart();
    const { clients } = this.#cold;
    const seen = await Promise.all(Array.from({ length: clients }, (_, n) => this.#readAs(n)));
    await this.#agent.destroy();
    return seen;
  }

  /** By connections of its own: the cold reads open theirs. */
  async #warmUp(): Promise<void> {
    const { warmUrl, authorization, clients } = this.#cold;
    const agent = new Agent({ connections: clients, ...UNHURRIED });
    for (let round = 0; round < WARM_UPS; round += 1) {
      const reads = Array.from({ length: clients }, async () => {
        const answer = await request(warmUrl, { dispatcher: agent, headers: { authorization } });
        await answer.body.dump();
      });
      await Promise.all(reads);
    }
    await agent.destroy();
  }

  /** Of ten clients one goes early, and two ask for a tenth of the blob. */
  #readAs(n: number): Promise<Seen> {
    const { length } = this.#blob;
    const tenth = Math.floor(length / 10);
    if (n % 10 === 3) return this.#read({ kind: 'aborted', start: 0, last: tenth });
    if (n % 5 !== 1) return this.#read({ kind: 'whole', start: 0, last: length - 1 });
    const start = Math.floor((0.9 * length * n) / this.#cold.clients);
    return this.#read({ kind: 'ranged', start, last: start + tenth - 1 });
  }

  async #read({ kind, start, last }: Part): Promise<Seen> {
    const { url, authorization } = this.#cold;
    const range = kind === 'ranged' ? { range: `bytes=${start}-${last}` } : {};
    const askedAt = now();
    const { body, statusCode } = await request(url, {
      dispatcher: this.#agent,
      headers: { authorization, ...range },
    });
    if (statusCode !== 200 && statusCode !== 206) throw new Error(`answered with ${statusCode}`);
    let [position, firstByteAt] = [start, Number.NaN];
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (position === start) firstByteAt = now();
      if (!chunk.equals(this.#blob.subarray(position, position + chunk.length))) {
        throw new Error(`a wrong byte came behind ${position}`);
      }
      position += chunk.length;
      if (kind === 'aborted' && position > last) break;
    }
    if (position <= last) throw new Error(`the body ended at ${position}`);
    return { kind, start, askedAt, firstByteAt, seconds: (now() - askedAt) / 1000 };
  }
}

/** The same in every thread, unlike `performance.now()`, and finer than `Date.now()`. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function tell(message: Seen[] | typeof START): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message);
}

if (!isMainThread) tell(await new ColdRead(workerData as Cold).readAll(() => tell(START)));
