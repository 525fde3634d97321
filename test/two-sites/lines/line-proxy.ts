/** A TCP proxy that stands for the line between two sites: it delays, passes, holds or cuts. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Way } from './way.ts';

export interface LineProxy {
  readonly url: string;
  /** When bytes last came through from the target, by `performance.now()`. */
  readonly lastHeardMs: number;
  /** Bytes that either end put onto the line since the count began. */
  readonly count: { readonly toTarget: number; readonly fromTarget: number };
  resetCount(): void;
  /** From now on everything comes through; what was held too. */
  pass(): void;
  /** A black hole: connections stay and open, and nothing comes through any more. */
  hold(): void;
  /** Resets what is open, and whatever is opened, until it may pass again. */
  cut(): void;
  close(): void;
}

export interface LineOptions {
  /**
   * How long it is there and back: each byte comes through half of that later, and the first one of
   * a connection after the round trip that opening it costs. How much comes through is not limited.
   */
  readonly roundTripMs?: number;
}

/** Begins to pass on whatever comes to the target, which is named by its URL. */
export async function startLineProxy(
  target: string,
  options: LineOptions = {},
): Promise<LineProxy> {
  const line = new TcpLine(new URL(target), options);
  await line.listen();
  return line;
}

class TcpLine implements LineProxy {
  readonly count = { toTarget: 0, fromTarget: 0 };
  readonly #target: URL;
  readonly #roundTripMs: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #ways = new Set<Way>();
  #state: 'pass' | 'hold' | 'cut' = 'pass';
  #lastHeardMs = 0;

  constructor(target: URL, { roundTripMs = 0 }: LineOptions) {
    this.#target = target;
    this.#roundTripMs = roundTripMs;
    // Each direction ends by itself, when its last byte has come through.
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#open(near));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  resetCount(): void {
    Object.assign(this.count, { toTarget: 0, fromTarget: 0 });
  }

  pass(): void {
    this.#state = 'pass';
    for (const way of this.#ways) way.pass();
  }

  hold(): void {
    this.#state = 'hold';
    for (const way of this.#ways) way.hold();
  }

  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #open(near: Socket): void {
    if (this.#state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const { port, hostname } = this.#target;
    const far = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    }
    const delayMs = this.#roundTripMs / 2;
    const { count } = this;
    this.#add({
      from: near,
      to: far,
      delayMs,
      opensAtMs: performance.now() + this.#roundTripMs,
      onTaken: (bytes) => (count.toTarget += bytes),
    });
    this.#add({
      from: far,
      to: near,
      delayMs,
      opensAtMs: 0,
      onTaken: (bytes) => (count.fromTarget += bytes),
      onGiven: () => (this.#lastHeardMs = performance.now()),
    });
  }

  #add(options: ConstructorParameters<typeof Way>[0]): void {
    const way = new Way(options);
    this.#ways.add(way);
    options.from.on('close', () => options.to.destroyed && this.#ways.delete(way));
    options.to.on('close', () => options.from.destroyed && this.#ways.delete(way));
    if (this.#state === 'hold') way.hold();
  }
}
