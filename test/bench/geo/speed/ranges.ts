/** One large blob over a long line with losses: by the worker of a site, and by a single stream. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { logIn } from '../../../two-sites/client.ts';
import { openLongLine } from '../long-line.ts';
import { type LoadedBlob, Loader } from '../sites/loader.ts';
import { readStatus, untilCaughtUp } from '../sites/status.ts';
import { type GeoSite, startSites } from '../stand.ts';
import { atLeast, type BenchOptions, type GeoRow } from '../table.ts';

const MIB = 1024 * 1024;
const LINE = { roundTripMs: 100, loss: 0.001 };
const REPOSITORY = 'bench/ranges';
/** Its layer and its config. */
const BLOBS = 2;

/**
 * Both at the same time, each over a line of its own: a single stream would take half an hour for
 * what the worker brings, so it is measured by how far it is when the worker is done.
 */
export async function benchRanges({ isSmall }: BenchOptions): Promise<GeoRow[]> {
  const sizeBytes = (isSmall ? 48 : 1024) * MIB;
  await using stand = await startSites({ secondaries: 1, ...LINE });
  const [secondary] = stand.secondaries as [GeoSite];
  await untilCaughtUp(secondary);
  await using loader = await Loader.open(stand.primary);
  const blob = await loader.placeRandom(sizeBytes);
  await loader.recordImage({ repository: REPOSITORY, tag: 'v1' }, [blob]);
  const begunMs = performance.now();
  const stream = await openStream(stand.primary, blob);
  await untilVerified(secondary, blob);
  const seconds = (performance.now() - begunMs) / 1000;
  const streamBytes = stream.close();
  const [ours, single] = [sizeBytes / MIB / seconds, streamBytes / MIB / seconds];
  const size = `${sizeBytes / MIB} MiB`;
  const worker = `${size} by the worker in ${seconds.toFixed(0)} s, ${ours.toFixed(2)} MiB/s`;
  const other = `one stream meanwhile ${single.toFixed(2)} MiB/s`;
  const done = `100 ms, 0.1 % loss: ${worker}, ${other}`;
  return [atLeast(3, { promise: 'ranges', done, value: ours / single, unit: '×' })];
}

async function untilVerified(site: GeoSite, { sizeBytes }: LoadedBlob): Promise<void> {
  for (;;) {
    const { blobs, bytesBehind } = await readStatus(site);
    if (blobs.total === BLOBS && blobs.percent === 100) return;
    await sleep(bytesBehind > sizeBytes / 20 ? 500 : 100);
  }
}

/** Reads the blob as a client does that knows no ranges, and counts what comes. */
async function openStream({ url }: GeoSite, { digest }: LoadedBlob) {
  const line = await openLongLine(new URL(url), LINE);
  const headers = { authorization: `Bearer ${await logIn(url, REPOSITORY)}` };
  const path = `${line.url.origin}/v2/${REPOSITORY}/blobs/${digest}`;
  let bytes = 0;
  get(path, { headers }, (answer) => {
    answer.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => undefined);
  }).on('error', () => undefined);
  return {
    /** @returns how many bytes came */
    close: () => {
      line.close();
      return bytes;
    },
  };
}
