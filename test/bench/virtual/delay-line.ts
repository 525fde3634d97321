/** A line of a given length and any width: what goes in comes out so much later. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';

export interface DelayLine extends Disposable {
  readonly url: string;
}

/** Opening a connection costs nothing: who keeps connections shall not gain by that here. */
export async function openDelayLine(target: string, roundTripMs: number): Promise<DelayLine> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  // Half open, since the end of one way must not overtake what is still on the other.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket.on('error', () => undefined));
    }
    pipeline(near, delay(roundTripMs / 2), far, () => undefined);
    pipeline(far, delay(roundTripMs / 2), near, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function delay(milliseconds: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      setTimeout(() => this.push(chunk), milliseconds);
      done();
    },
    // Behind the last chunk, whose timer was set before.
    flush: (done) => void setTimeout(done, milliseconds),
  });
}
