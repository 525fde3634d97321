/** A TCP proxy that lets only so many bytes a second come from its target, on all connections. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { callbackify } from 'node:util';
import { Bandwidth } from '../../../../replication/copy/bandwidth.ts';
import { systemClock } from '../../../../src/clock.ts';

export interface NarrowLine {
  readonly url: string;
  close(): void;
}

const ALL_DAY = { from: 0, to: 24 * 60 };

export async function openNarrowLine(target: string, bytesPerSecond: number): Promise<NarrowLine> {
  const bandwidth = new Bandwidth([{ ...ALL_DAY, bytesPerSecond }], systemClock);
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const letPass = async (chunk: Buffer) => {
    await bandwidth.take(chunk.length);
    return chunk;
  };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    const pace = new Transform({
      transform: (chunk: Buffer, _encoding, done) => callbackify(letPass)(chunk, done),
    });
    pipeline(near, far, () => undefined);
    pipeline(far, pace, near, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
