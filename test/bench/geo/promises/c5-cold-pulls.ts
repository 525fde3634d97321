/**
 * C5: cold pulls stream. A hundred clients ask for one large blob that the site does not hold, and
 * the worker is told to bring it at the same time: by one process that answers, and by two.
 *
 * The line is narrow, so that one machine can feed all clients faster than the line brings bytes:
 * then what is measured is the line, and what the site adds.
 */
import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../../../src/oci/digest.ts';
import { defer } from '../../../support/deferred.ts';
import { findRedis } from '../../../support/redis.ts';
import { type LineProxy, startLineProxy } from '../../../two-sites/lines/line-proxy.ts';
import { openNarrowLine } from '../sites/narrow-line.ts';
import { readStatus, untilCaughtUp, untilStatus } from '../sites/status.ts';
import { type GeoSite, type GeoStand, startSites } from '../stand.ts';
import { atMost, type GeoRow, quantile, type RunRow } from '../table.ts';
import { type Arrivals, watchArrivals } from './arrivals.ts';
import { type Cold, readCold, type Seen } from './cold-clients.ts';
import { LoadClient } from './load-client.ts';
import { setPaused } from './steer.ts';

const MIB = 1024 * 1024;
const ROUND_TRIP_MS = 100;
const LINE_BYTES_PER_SECOND = 3 * MIB;
const SMALL_LINE_BYTES_PER_SECOND = 1 * MIB;
const CLIENTS = 100;
const REPOSITORY = 'c5/cold';

export const benchColdPulls: RunRow = async ({ isSmall }): Promise<GeoRow[]> => {
  const [mib, rate] = isSmall ? [16, SMALL_LINE_BYTES_PER_SECOND] : [1024, LINE_BYTES_PER_SECOND];
  const redisUrl = await findRedis();
  if (!redisUrl) throw new Error('two processes of a secondary need a Redis');
  const shared = { MERIDIAN_PROCESSES: '2', REDIS_URL: redisUrl.href };
  return [
    ...(await measure({ mib, rate, how: 'one process', environment: {} })),
    ...(await measure({ mib, rate, how: 'two processes', environment: shared })),
  ];
};

interface Setting {
  readonly mib: number;
  /** Of the line, in bytes a second. */
  readonly rate: number;
  readonly how: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function measure({ mib, rate, how, environment }: Setting): Promise<GeoRow[]> {
  await using stand = await startSites({ secondaries: 0, roundTripMs: 0 });
  const narrow = await openNarrowLine(stand.primary.url, rate);
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
  // Its worker looks every half second whether it is paused.
  await sleep(1000);
  const blobs = [makeBlob(mib), makeBlob(mib)] as const;
  for (const blob of blobs) await client.pushWhole(stand.primary.url, REPOSITORY, blob);
  await untilStatus(secondary, (status) => status.blobs.wanted >= 2, { limitMs: 30_000 });
  const warm = makeBlob(1 / 16);
  await client.pushWhole(secondary.url, REPOSITORY, warm);
  const authorization = await client.askToken(secondary.url, REPOSITORY);
  const urlOf = (blob: Buffer) =>
    new URL(`/v2/${REPOSITORY}/blobs/${digestOf(blob)}`, secondary.url).href;
  const cold = (blob: Buffer, clients: number): Cold => {
    const bytes = new SharedArrayBuffer(blob.length);
    blob.copy(Buffer.from(bytes));
    return { url: urlOf(blob), warmUrl: urlOf(warm), authorization, bytes, clients };
  };
  const [alone] = await readCold(cold(blobs[0], 1), () => undefined);
  line.resetCount();
  const arrivals = watchArrivals(secondary.data, digestOf(blobs[1]));
  const started = defer();
  const reading = readCold(cold(blobs[1], CLIENTS), () => started.resolve());
  await Promise.race([started.promise, reading]);
  await sleep(ROUND_TRIP_MS);
  await setPaused(stand, secondary, false);
  const seen = await reading;
  arrivals.end();
  while ((await readStatus(secondary)).blobs.wanted > 0) await sleep(100);
  const aloneSeconds = alone!.seconds;
  const bytes = line.count.fromTarget / blobs[1].length;
  const done = `${CLIENTS} clients, one cold blob of ${mib} MiB, ${how}`;
  return describe(done, { seen, arrivals, bytes, aloneSeconds });
}

interface Measured {
  readonly seen: readonly Seen[];
  /** Of the blob that they asked for. */
  readonly arrivals: Arrivals;
  /** Upstream, as a share of the blob. */
  readonly bytes: number;
  /** What one download takes. */
  readonly aloneSeconds: number;
}

function describe(done: string, { seen, arrivals, bytes, aloneSeconds }: Measured): GeoRow[] {
  const ofKind = (kind: Seen['kind']) => seen.filter((one) => one.kind === kind);
  const cameAt = (one: Seen) => (one.kind === 'ranged' ? arrivals.cameAt(one.start) : 0);
  const firstByteMs = (kind: Seen['kind']) =>
    quantile(
      ofKind(kind).map((one) => one.firstByteAt - Math.max(one.askedAt, cameAt(one))),
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
