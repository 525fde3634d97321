/** A TCP proxy that stands for the line between two sites: it passes, holds or cuts. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface LineProxy {
  readonly url: string;
  /** When bytes last came through from the target, by `performance.now()`. */
  readonly lastHeardMs: number;
  /** From now on everything comes through; what was held too. */
  pass(): void;
  /** A black hole: connections stay and open, and nothing comes through any more. */
  hold(): void;
  /** Resets what is open, and whatever is opened, until it may pass again. */
  cut(): void;
  close(): void;
}

/** Begins to pass on whatever comes to the target, which is named by its URL. */
export async function startLineProxy(target: string): Promise<LineProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let state: 'pass' | 'hold' | 'cut' = 'pass';
  let lastHeardMs = 0;
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (chunk) => {
      to.write(chunk);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (state === 'hold') from.pause();
  };
  const server = createServer((near) => {
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(Number(port), hostname);
    far.on('data', () => (lastHeardMs = performance.now()));
    join(near, far);
    join(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const all = (act: (socket: Socket) => void) => [...sockets].forEach(act);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get lastHeardMs() {
      return lastHeardMs;
    },
    pass: () => {
      state = 'pass';
      all((socket) => socket.resume());
    },
    hold: () => {
      state = 'hold';
      all((socket) => socket.pause());
    },
    cut: () => {
      state = 'cut';
      all((socket) => socket.resetAndDestroy());
    },
    close: () => {
      all((socket) => socket.destroy());
      server.close();
    },
  };
}
