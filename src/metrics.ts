/**
 * What the program counts, for Prometheus. Labels have few values: no repository, no account, no
 * digest is ever one of them.
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ListenAddress } from './config.ts';

/** One answered request. */
export interface RequestFigures {
  /** The row of the routes table, such as `/v2/<name>/blobs/<digest>`; never the path itself. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What others tell the metrics. */
export interface Figures {
  countRequest(figures: RequestFigures): void;
}

const DURATIONS_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600];

export class Metrics implements Figures {
  readonly #registry = new Registry();
  readonly #durations = new Histogram({
    name: 'meridian_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['route', 'method', 'status'],
    buckets: DURATIONS_SECONDS,
    registers: [this.#registry],
  });
  readonly #bytes = new Counter({
    name: 'meridian_http_bytes_total',
    help: 'Bytes of bodies that came in and went out.',
    labelNames: ['direction'],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  countRequest({ route, method, status, seconds, bytesIn, bytesOut }: RequestFigures): void {
    this.#durations.observe({ route, method, status }, seconds);
    this.#bytes.inc({ direction: 'in' }, bytesIn);
    this.#bytes.inc({ direction: 'out' }, bytesOut);
  }

  /** A figure that is asked for whenever somebody reads the metrics. */
  addGauge(name: string, help: string, read: () => Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: async () => gauge.set(await read()),
    });
  }

  /** Everything, in the text format of Prometheus. */
  print(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** Answers `GET /metrics` with that text, at an address of its own (A53). */
export async function serveMetrics(
  { host, port }: ListenAddress,
  print: () => Promise<string>,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') response.writeHead(404).end();
    else {
      print().then(
        (text) =>
          response.writeHead(200, { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text),
        () => response.writeHead(503).end(),
      );
    }
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}
