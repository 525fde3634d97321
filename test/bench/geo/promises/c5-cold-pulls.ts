/**
 * C5: cold pulls stream. A hundred clients ask for one large blob that the site does not hold, and
 * the worker is told to bring it at the same time: by one process that answers, and by two.
 *
 * The line is narrow, so that one machine can feed all clients faster than the line brings bytes:
 * then what is measured is the line, and what the site adds.
 */
import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { digestOf } from '../../../../src/oci/digest.ts';
import { findRedis } from '../../../support/redis.ts';
import { type LineProxy, startLineProxy } from '../../../two-sites/lines/line-proxy.ts';
import { openNarrowLine } from '../sites/narrow-line.ts';
import { readStatus, untilCaughtUp, untilStatus } from '../sites/status.ts';
import { type GeoSite, type GeoStand, startSites } from '../stand.ts';
import { atMost, type GeoRow, quantile, type RunRow } from '../table.ts';
import { LoadClient } from './load-client.ts';
import { setPaused } from './steer.ts';

const MIB = 1024 * 1024;
const ROUND_TRIP_MS = 100;
const LINE_BYTES_PER_SECOND = 4 * MIB;
const CLIENTS = 100;
const REPOSITORY = 'c5/cold';

export const benchColdPulls: RunRow = async ({ isSmall }): Promise<GeoRow[]> => {
  const mib = isSmall ? 64 : 1024;
  const redisUrl = (await findRedis())?.href;
  const shared = { MERIDIAN_PROCESSES: '2', ...(redisUrl ? { REDIS_URL: redisUrl } : {}) };
  return [
    ...(await measure(mib, 'one process', {})),
    ...(await measure(mib, `two processes${redisUrl ? ' and Redis' : ''}`, shared)),
  ];
};

async function measure(
  mib: number,
  how: string,
  environment: Readonly<Record<string, string>>,
): Promise<GeoRow[]> {
  await using stand = await startSites({ secondaries: 0, roundTripMs: 0 });
  const narrow = await openNarrowLine(stand.primary.url, LINE_BYTES_PER_SECOND);
  const line = await startLineProxy(narrow.url, { roundTripMs: ROUND_TRIP_MS });
  using client = new LoadClient();
  try {
    const joining = { ...environment, MERIDIAN_PRIMARY_URL: line.url };
    const secondary = await stand.addSecondary(joining);
    return await measureAt({ stand, secondary, line, client }, mib, how);
  } finally {
    line.close();
    narrow.close();
  }
}

interface Place {
  readonly stand: GeoStand;
  readonly secondary: GeoSite;
  readonly line: LineProxy;
  readonly client: LoadClient;
}

async function measureAt(place: Place, mib: number, how: string): Promise<GeoRow[]> {
  const { stand, secondary, line, client } = place;
  await untilCaughtUp(secondary);
  await setPaused(stand, secondary, true);
  const blobs = [makeBlob(mib), makeBlob(mib)] as const;
  for (const blob of blobs) await client.pushWhole(stand.primary.url, REPOSITORY, blob);
  await untilStatus(secondary, (status) => status.blobs.wanted >= 2, { limitMs: 30_000 });
  const authorization = await client.askToken(secondary.url, REPOSITORY);
  const alone = new ColdRead(secondary.url, authorization, blobs[0]);
  const { seconds: aloneSeconds } = await alone.readWhole();
  line.resetCount();
  const read = new ColdRead(secondary.url, authorization, blobs[1]);
  const reads = Array.from({ length: CLIENTS }, (_, n) => read.readAs(n));
  await sleep(ROUND_TRIP_MS);
  await setPaused(stand, secondary, false);
  const seen = await Promise.all(reads);
  while ((await readStatus(secondary)).blobs.wanted > 0) await sleep(100);
  const bytes = line.count.fromTarget / blobs[1].length;
  const done = `${CLIENTS} clients, one cold blob of ${mib} MiB, ${how}`;
  return describe(done, { seen, bytes, aloneSeconds });
}

interface Measured {
  readonly seen: readonly Seen[];
  /** Upstream, as a share of the blob. */
  readonly bytes: number;
  /** What one download takes. */
  readonly aloneSeconds: number;
}

function describe(done: string, { seen, bytes, aloneSeconds }: Measured): GeoRow[] {
  const ofKind = (kind: Seen['kind']) => seen.filter((one) => one.kind === kind);
  const firstByteMs = (kind: Seen['kind']) =>
    quantile(
      ofKind(kind).map((one) => one.firstByteMs),
      0.99,
    );
  const last = Math.max(...ofKind('whole').map(({ seconds }) => seconds)) / aloneSeconds;
  const [promise, unit, barMs] = ['C5', 'ms to the first byte, p99', 2 * ROUND_TRIP_MS + 50];
  const ranged = `${done}: ranges, from when their first byte is at the site`;
  return [
    atMost(1.01, { promise, done, value: bytes, unit: 'x upstream' }),
    atMost(barMs, { promise, done, value: firstByteMs('whole'), unit }),
    atMost(barMs, { promise, done: ranged, value: firstByteMs('ranged'), unit }),
    atMost(1.1, {
      promise,
      done,
      value: last,
      unit: `x one download of ${aloneSeconds.toFixed(1)} s`,
    }),
  ];
}

function makeBlob(mib: number): Buffer {
  return randomFillSync(Buffer.allocUnsafe(mib * MIB));
}

interface Seen {
  readonly kind: 'whole' | 'ranged' | 'aborted';
  readonly firstByteMs: number;
  readonly seconds: number;
}

interface Part {
  readonly kind: Seen['kind'];
  readonly start: number;
  /** Behind the last byte that is read; then the client goes. */
  readonly end: number;
}

/** Many clients of one blob, each of which compares every byte. */
class ColdRead {
  readonly #url: URL;
  readonly #authorization: string;
  readonly #blob: Buffer;
  readonly #agent = new Agent({ connections: CLIENTS, headersTimeout: 0, bodyTimeout: 0 });
  /** When the first of all whole reads had so many MiB. */
  readonly #cameAt: number[] = [];

  constructor(site: string, authorization: string, blob: Buffer) {
    this.#url = new URL(`/v2/${REPOSITORY}/blobs/${digestOf(blob)}`, site);
    this.#authorization = authorization;
    this.#blob = blob;
  }

  readWhole(): Promise<Seen> {
    return this.#read({ kind: 'whole', start: 0, end: this.#blob.length });
  }

  /** Of ten clients one goes early, and two ask for a tenth of the blob. */
  readAs(n: number): Promise<Seen> {
    const { length } = this.#blob;
    if (n % 10 === 3) return this.#read({ kind: 'aborted', start: 0, end: length / 8 });
    if (n % 5 !== 1) return this.readWhole();
    const start = Math.floor((0.9 * length * n) / CLIENTS);
    return this.#read({ kind: 'ranged', start, end: start + length / 10 });
  }

  async #read({ kind, start, end }: Part): Promise<Seen> {
    const last = Math.floor(end) - 1;
    const range = kind === 'ranged' ? { range: `bytes=${start}-${last}` } : {};
    const headers = { authorization: this.#authorization, ...range };
    const askedAt = performance.now();
    const { body, statusCode } = await request(this.#url, { dispatcher: this.#agent, headers });
    if (statusCode !== 200 && statusCode !== 206) throw new Error(`answered with ${statusCode}`);
    let [position, firstByteAt] = [start, Number.NaN];
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (position === start) firstByteAt = performance.now();
      if (!chunk.equals(this.#blob.subarray(position, position + chunk.length))) {
        throw new Error(`a wrong byte came behind ${position}`);
      }
      position += chunk.length;
      if (kind === 'whole') this.#note(position);
      if (kind === 'aborted' && position > last) break;
    }
    if (position <= last) throw new Error(`the body ended at ${position}`);
    const cameAt = kind === 'ranged' ? (this.#cameAt[Math.ceil(start / MIB)] ?? 0) : 0;
    const firstByteMs = firstByteAt - Math.max(askedAt, cameAt);
    return { kind, firstByteMs, seconds: (performance.now() - askedAt) / 1000 };
  }

  #note(position: number): void {
    const mib = Math.floor(position / MIB);
    for (let at = mib; at >= 0 && this.#cameAt[at] === undefined; at -= 1) {
      this.#cameAt[at] = performance.now();
    }
  }
}
