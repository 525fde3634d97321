/**
 * What the program counts, for Prometheus. Labels have few values: no repository, no account, no
 * digest is ever one of them.
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  Registry,
} from 'prom-client';
import type { OutboxCount } from './storage/events/outbox.ts';
import type { Extent, SiteFigures } from './storage/geo/site-reports.ts';

/** One answered request. */
export interface RequestFigures {
  /** The row of the routes table, such as `/v2/<name>/blobs/<digest>`; never the path itself. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  /** Bytes that the connection received and sent meanwhile, heads included. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What others tell the metrics. */
export interface Figures {
  countRequest(figures: RequestFigures): void;
  /** @param source where the answer to a read came from, as its header says: one of a few words */
  countSource(source: string): void;
}

const DURATIONS_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600];

type SiteGauge = readonly [
  name: string,
  help: string,
  /** A number, or one for each value of the label. */
  read: (figures: SiteFigures) => number | Readonly<Record<string, number>>,
  label?: string,
];

/** Gauges of this site; a lag that nobody knows is endless, so that alarms go off. */
const SITE_GAUGES: readonly SiteGauge[] = [
  ['site_position', 'Position of the change log that was applied.', (site) => site.appliedPosition],
  ['site_lag_seconds', 'Age of the watermark.', (site) => site.lagSeconds ?? Infinity],
  ['blobs', 'Blobs that the facts name.', (site) => statesOf(site.blobs), 'state'],
  ['manifests', 'Manifests that the facts name.', (site) => statesOf(site.manifests), 'state'],
  ['bytes_behind', 'Bytes of wanted blobs that are not here.', (site) => site.bytesBehind],
  [
    'oldest_unreplicated_seconds',
    'Age of the oldest fact whose blobs are not all here; 0 where none waits.',
    (site) => site.oldestUnreplicatedSeconds ?? 0,
  ],
  [
    'replication_bytes_per_second',
    'Bytes that came here, over the last half minute.',
    (site) => site.bytesPerSecond,
  ],
  ['ledger_entries', 'Blobs that are wanted, by lane.', (site) => site.lanes, 'lane'],
  ['transfers_running', 'Blobs that are being copied.', (site) => site.transferring],
  ['failures', 'Blobs whose last transfer failed.', (site) => site.blobs.failed],
];

function statesOf({ total, verified, wanted, failed }: Extent): Readonly<Record<string, number>> {
  return { total, verified, wanted, failed };
}

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
    help: 'Bytes that requests brought in and answers took out.',
    labelNames: ['direction'],
    registers: [this.#registry],
  });

  readonly #sources = new Counter({
    name: 'meridian_answers_total',
    help: 'Answers to reads, by where they came from; hit and miss are of virtual registries.',
    labelNames: ['source'],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    // A child answers its parent, which prints the sum of all.
    if (cluster.isWorker) AggregatorRegistry.setRegistries([this.#registry]);
    if (cluster.isWorker) void new AggregatorRegistry();
  }

  countRequest({ route, method, status, seconds, bytesIn, bytesOut }: RequestFigures): void {
    this.#durations.observe({ route, method, status }, seconds);
    this.#bytes.inc({ direction: 'in' }, bytesIn);
    this.#bytes.inc({ direction: 'out' }, bytesOut);
  }

  countSource(source: string): void {
    this.#sources.inc({ source });
  }

  /** A figure of the whole site, asked for whenever somebody reads the metrics. */
  addGauge(name: string, help: string, read: () => Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      aggregator: 'max',
      collect: async () => gauge.set(await read()),
    });
  }

  /** Gauges of what is to be told to webhooks, at a primary; dropped pulls are an alarm (A51). */
  addOutbox(read: () => Promise<OutboxCount>): void {
    const waiting = 'Deliveries to webhooks that are to be sent.';
    const dead = 'Deliveries to webhooks that were given up, and are listed.';
    const dropped = 'Pulls that were never told, since the outbox of a webhook was full.';
    this.addGauge('meridian_webhook_waiting', waiting, async () => (await read()).waiting);
    this.addGauge('meridian_webhook_dead', dead, async () => (await read()).dead);
    this.addGauge('meridian_webhook_dropped_pulls', dropped, async () => (await read()).dropped);
  }

  /** Gauges of how this site is; `read` is called once whenever somebody reads the metrics. */
  addSite(read: () => Promise<SiteFigures>): void {
    let reading: Promise<SiteFigures> | undefined;
    const readOnce = () => (reading ??= read().finally(() => (reading = undefined)));
    for (const gauge of SITE_GAUGES) this.#addSiteGauge(gauge, readOnce);
  }

  #addSiteGauge([name, help, pick, label]: SiteGauge, read: () => Promise<SiteFigures>): void {
    const gauge: Gauge = new Gauge({
      name: `meridian_${name}`,
      help,
      ...(label ? { labelNames: [label] } : {}),
      registers: [this.#registry],
      aggregator: 'max',
      collect: async () => {
        const value = pick(await read());
        if (typeof value === 'number') return gauge.set(value);
        for (const [each, count] of Object.entries(value)) gauge.set({ [label!]: each }, count);
      },
    });
  }

  /** Everything, in the text format of Prometheus. */
  print(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** A function that prints the sum of what the children of this process count. */
export function sumOfChildren(): () => Promise<string> {
  const registry = new AggregatorRegistry();
  return () => registry.clusterMetrics();
}

/** Answers `GET /metrics` with that text, at an address of its own (A53). */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  print: () => Promise<string>,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/metrics') void answerMetrics(response, print);
    else response.writeHead(404).end();
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

async function answerMetrics(response: ServerResponse, print: () => Promise<string>) {
  const headers = { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE };
  try {
    const text = await print();
    response.writeHead(200, headers).end(text);
  } catch {
    response.writeHead(503).end();
  }
}
