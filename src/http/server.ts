/** The listening server: its timeouts, and how it drains. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../clock.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0 for one that the kernel chooses. */
  readonly port: number;
  readonly clock: Clock;
  /** How long a client may be silent within a request; five minutes unless given. */
  readonly idleMs?: number;
  /** PEM. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
}

/** Answers a request; what it promises, if anything, is kept when the handling has ended. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * A transfer takes as long as it takes, so that there is no `requestTimeout`: Node's own cuts every
 * body after five minutes. What ends a connection is the silence of its client (A14).
 */
const IDLE_MS = 300_000;

/** Longer than balancers keep theirs (60 s in most), so that it is never us who hangs up first. */
const KEEP_ALIVE_MS = 75_000;

/**
 * How many connections may wait to be taken; the kernel may allow fewer (`net.core.somaxconn`).
 * With Node's 511 a fleet that pulls at once overruns it while we are busy: to some of its members
 * the kernel says minutes later that it never heard of them.
 */
const BACKLOG = 4096;

/** Room for a large token and a large `_state`. */
const MAX_HEADER_BYTES = 32 * 1024;

/** How long the handling of a request that was cut off may take to end. */
const LAST_WORDS_MS = 2000;

/** How often idle connections are closed while the server drains. */
const SWEEP_MS = 250;

export class RunningServer {
  readonly #server: Server;
  readonly #clock: Clock;
  #isDraining = false;
  /** Requests whose handling has not ended, also where their client is gone. */
  readonly #handled = new Set<unknown>();

  private constructor(server: Server, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  static async listen(listener: Listener, options: ServerOptions): Promise<RunningServer> {
    const settings = {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: 0,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    };
    const server = options.tls
      ? createTlsServer({ ...settings, ...options.tls })
      : createServer(settings);
    server.timeout = options.idleMs ?? IDLE_MS;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.headersTimeout = KEEP_ALIVE_MS + 5000;
    const running = new RunningServer(server, options.clock);
    const answer: Listener = (request, response) => {
      if (running.#isDraining) response.shouldKeepAlive = false;
      response.on('timeout', (socket: Socket) => {
        if (!isOurTurn(request, response)) socket.destroy();
      });
      running.#watch(listener(request, response));
    };
    server.on('request', answer);
    // The leave to send a body is given by whoever reads it, after the caller was judged (T32).
    server.on('checkContinue', answer);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const { host, port } = options;
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return running;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Takes no new connection, lets the requests that run finish, and ends what still runs at the
   * deadline; then what was cut off may note what it has. @returns whether all could finish.
   */
  async drain(deadlineMs: number): Promise<boolean> {
    this.#isDraining = true;
    const over = new AbortController();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        over.abort();
        resolve();
      });
    });
    // By what was waited, not by the time of day, which may be set while we wait.
    for (let leftMs = deadlineMs; leftMs > 0 && !over.signal.aborted; leftMs -= SWEEP_MS) {
      this.#server.closeIdleConnections();
      await this.#clock.sleep(Math.min(SWEEP_MS, leftMs), over.signal).catch(() => undefined);
    }
    const couldFinish = over.signal.aborted;
    this.#server.closeAllConnections();
    await closed;
    await this.#untilHandled();
    return couldFinish;
  }

  #watch(handling: unknown): void {
    if (!(handling instanceof Promise)) return;
    this.#handled.add(handling);
    const forget = () => this.#handled.delete(handling);
    handling.then(forget, forget);
  }

  /** An upload that was cut off counts the bytes that came in, so that its client can go on. */
  async #untilHandled(): Promise<void> {
    const over = new AbortController();
    const late = this.#clock.sleep(LAST_WORDS_MS, over.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(this.#handled), late]);
    over.abort();
  }
}

/**
 * Whether nobody but us can end the silence: the client has said everything and has read what there
 * is, such as one that waits for the end of a blob that is on its way here. TCP itself finds out
 * whether it is still there.
 */
function isOurTurn(request: IncomingMessage, response: ServerResponse): boolean {
  return request.complete && response.writableLength === 0;
}
