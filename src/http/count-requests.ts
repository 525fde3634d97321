/** Counts requests as they end, by the row of the routes table and never by path (A53). */
import type { Socket } from 'node:net';
import type { Figures } from '../metrics.ts';
import type { OnAnswer } from './app.ts';
import { matchPath } from './match-path.ts';
import type { Listener } from './server.ts';

/** The same listener, with each of its requests told to the figures. */
export function countRequests(listener: Listener, figures: Figures): Listener {
  // A small request has arrived whole before anybody hears of it, so we count from the last one.
  const counted = new WeakMap<Socket, { readonly bytesIn: number; readonly bytesOut: number }>();
  return (request, response) => {
    const startedMs = performance.now();
    const { socket, method = '' } = request;
    response.once('close', () => {
      const [bytesIn, bytesOut] = [socket.bytesRead, socket.bytesWritten];
      const before = counted.get(socket) ?? { bytesIn: 0, bytesOut: 0 };
      counted.set(socket, { bytesIn, bytesOut });
      figures.countRequest({
        route: routeOf(request.url ?? ''),
        method,
        status: response.statusCode,
        seconds: (performance.now() - startedMs) / 1000,
        bytesIn: bytesIn - before.bytesIn,
        bytesOut: bytesOut - before.bytesOut,
      });
    });
    return listener(request, response);
  };
}

/** Tells the figures where answers came from. */
export function countSources(figures: Figures): OnAnswer {
  return (_request, { headers }) => {
    const source = headers['Meridian-Source'];
    if (typeof source === 'string') figures.countSource(source);
  };
}

/** Paths beside the distribution API are told apart by their first word, if it is one of ours. */
export function routeOf(url: string): string {
  const path = url.split('?', 1)[0]!;
  const first = /^\/(v2|jwt|api|livez|readyz)\b/.exec(path)?.[1];
  if (first === 'v2') return matchPath(path)?.path ?? '/v2/…';
  return first === undefined ? 'other' : `/${first}`;
}
