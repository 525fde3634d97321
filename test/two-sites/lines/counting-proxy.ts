/** A TCP proxy that counts the bytes in each direction. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CountingProxy {
  readonly url: string;
  /** Bytes since the last reset. */
  readonly count: { toTarget: number; fromTarget: number };
  reset(): void;
  close(): void;
}

/** Begins to pass on whatever comes to the target, which is named by its URL. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const count = { toTarget: 0, fromTarget: 0 };
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.on('data', (chunk) => (count.toTarget += chunk.length));
    far.on('data', (chunk) => (count.fromTarget += chunk.length));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count,
    reset: () => Object.assign(count, { toTarget: 0, fromTarget: 0 }),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
