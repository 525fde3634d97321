/** A large blob whose worker is killed and whose line is reset, again and again (C4). */
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { logIn } from '../../../two-sites/client.ts';
import type { LineProxy } from '../../../two-sites/lines/line-proxy.ts';
import { type LoadedBlob, Loader } from '../sites/loader.ts';
import { readStatus, untilCaughtUp } from '../sites/status.ts';
import { type GeoSite, startSites } from '../stand.ts';
import { atMost, type BenchOptions, type GeoRow } from '../table.ts';

const MIB = 1024 * 1024;
const REPOSITORY = 'bench/interrupted';
/** Its layer and its config. */
const BLOBS = 2;
const LOOK_MS = 2;
const LIMIT_MS = 15 * 60_000;

/** On the embedded default, where the worker is in the process that serves: all of it is killed. */
export async function benchInterrupted({ isSmall }: BenchOptions): Promise<GeoRow[]> {
  const sizeBytes = (isSmall ? 512 : 5120) * MIB;
  const each = isSmall ? 1 : 10;
  await using stand = await startSites({ secondaries: 1, roundTripMs: 100 });
  const [secondary] = stand.secondaries as [GeoSite];
  const line = secondary.line!;
  await untilCaughtUp(secondary);
  await using loader = await Loader.open(stand.primary);
  const blob = await loader.placeRandom(sizeBytes);
  line.resetCount();
  const begunMs = performance.now();
  await loader.recordImage({ repository: REPOSITORY, tag: 'v1' }, [blob]);
  await interrupt(secondary, { sizeBytes, each });
  await untilWhole(secondary);
  const seconds = (performance.now() - begunMs) / 1000;
  const crossedBytes = line.count.fromTarget;
  line.hold();
  const isRight = (await hashOf(secondary, blob)) === blob.digest;
  const what = `${sizeBytes / MIB} MiB, ${each} kills of the worker, ${each} resets of the line`;
  const done = `${what}, 100 ms, ${seconds.toFixed(0)} s; digest ${isRight ? 'right' : 'WRONG'}`;
  const value = isRight ? crossedBytes / sizeBytes : Number.POSITIVE_INFINITY;
  return [atMost(1.02, { promise: 'C4', done, value, unit: '× the bytes' })];
}

interface Interruptions {
  readonly sizeBytes: number;
  /** So many kills, and so many resets. */
  readonly each: number;
}

/** Kills and resets in turn, each when a random share of the bytes has crossed. */
async function interrupt(site: GeoSite, { sizeBytes, each }: Interruptions): Promise<void> {
  const line = site.line!;
  const points = Array.from({ length: 2 * each }, () => (0.02 + 0.95 * Math.random()) * sizeBytes);
  for (const [turn, point] of points.toSorted((a, b) => a - b).entries()) {
    await untilCrossed(line, point);
    if (turn % 2 === 0) {
      await site.kill('SIGKILL');
      await site.start();
    } else {
      line.cut();
      line.pass();
    }
  }
}

async function untilCrossed({ count }: LineProxy, bytes: number): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (count.fromTarget < bytes) {
    if (performance.now() > end) throw new Error(`${count.fromTarget} bytes crossed, and no more`);
    await sleep(LOOK_MS);
  }
}

async function untilWhole(site: GeoSite): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const { blobs } = await readStatus(site);
    if (blobs.total === BLOBS && blobs.percent === 100) return;
    if (performance.now() > end) throw new Error('the blob did not arrive');
    await sleep(200);
  }
}

/** Of the bytes as the site serves them by itself. */
async function hashOf({ url }: GeoSite, { digest }: LoadedBlob): Promise<string> {
  const headers = { authorization: `Bearer ${await logIn(url, REPOSITORY)}` };
  const hash = createHash('sha256');
  await new Promise<void>((resolve, reject) => {
    get(`${url}/v2/${REPOSITORY}/blobs/${digest}`, { headers }, (answer) => {
      answer.on('data', (chunk: Buffer) => hash.update(chunk));
      answer.once('end', resolve).once('error', reject);
    }).once('error', reject);
  });
  return `sha256:${hash.digest('hex')}`;
}
