/**
 * A line of a given length and any width: what goes in comes out so much later. It has a thread of
 * its own, since a client in the same one would read its first byte behind all that is on the line.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface LineOrder {
  /** URL of the far end. */
  readonly target: string;
  readonly roundTripMs: number;
}

export interface DelayLine extends AsyncDisposable {
  readonly url: string;
}

/** Opening a connection costs nothing: who keeps connections shall not gain by that here. */
export async function openDelayLine(target: string, roundTripMs: number): Promise<DelayLine> {
  const workerData: LineOrder = { target, roundTripMs };
  const thread = new Worker(new URL('line-thread.js', import.meta.url), { workerData });
  const [port] = (await once(thread, 'message')) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => void (await thread.terminate()),
  };
}
