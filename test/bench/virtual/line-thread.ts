/** The thread of a delay line: what goes in comes out so much later. See `delay-line.ts`. */
import { type AddressInfo, connect, createServer } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import type { LineOrder } from './delay-line.ts';

const { target, roundTripMs } = workerData as LineOrder;
const { hostname, port } = new URL(target);

// Half open, since the end of one way must not overtake what is still on the other.
const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  for (const socket of [near, far]) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
  }
  pipeline(near, delay(roundTripMs / 2), far, () => undefined);
  pipeline(far, delay(roundTripMs / 2), near, () => undefined);
});
server.listen(0, '127.0.0.1', () => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort!.postMessage((server.address() as AddressInfo).port);
});

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
