/** Fresh pushes during a large backfill, and whether the status tells the truth meanwhile (C12). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../../../src/oci/digest.ts';
import { Layout } from '../../../../src/storage/filesystem/layout.ts';
import { makeImage, push, send } from '../../../two-sites/client.ts';
import { atOnce, Loader } from '../sites/loader.ts';
import { untilStatus } from '../sites/status.ts';
import { type GeoSite, startSites } from '../stand.ts';
import { atMost, type BenchOptions, type GeoRow, quantile } from '../table.ts';
import { Oracle, type Sample } from './oracle.ts';

const MB = 1_000_000;
const IMAGE_BYTES = 10 * MB;
const EACH_MS = 1000;

/** The first readings of a pace, and the last seconds, say little of the time that is left. */
const PACE_MS = 30_000;
const END_MS = 15_000;

/** Of little that is left, what is under way at the moment is more than a hundredth. */
const MUCH_LEFT = 0.1;

/** What is verified is removed behind that, so that the disk need not hold all of it. */
const KEPT_SECONDS = 20;

/**
 * The primary's content is sparse, so it takes no disk; every byte of it crosses the line and is
 * hashed and written at the secondary.
 */
export async function benchBusy({ isSmall, gigabytes }: BenchOptions): Promise<GeoRow[]> {
  const size = isSmall ? 1 : gigabytes;
  await using stand = await startSites({ secondaries: 0, roundTripMs: 100 });
  await load(stand.primary, (size * 1000 * MB) / IMAGE_BYTES);
  const secondary = await stand.addSecondary({ MERIDIAN_TRANSFERS: '16' });
  await untilStatus(secondary, ({ lagSeconds }) => (lagSeconds ?? 1e9) < 2, { limitMs: 120_000 });
  const begunMs = performance.now();
  const ending = new AbortController();
  const pushing = pushSteadily(stand.primary, secondary.name, ending.signal);
  const samples = await watch(stand.primary, secondary).finally(() => ending.abort());
  const lagsMs = await pushing;
  const seconds = Math.round((performance.now() - begunMs) / 1000);
  const during = `${size} GB backfill over 100 ms in ${seconds} s`;
  return [
    atMost(5, {
      promise: 'C12 fresh',
      done: `${lagsMs.length} images of 10 MB at 1/s during a ${during}: lag p99`,
      value: quantile(lagsMs, 0.99) / 1000,
      unit: 's',
    }),
    ...judge(samples, during),
  ];
}

async function load(primary: GeoSite, images: number): Promise<void> {
  await using loader = await Loader.open(primary);
  await atOnce(8, images, async (number) => {
    const layer = await loader.placeSparse(IMAGE_BYTES);
    const name = { repository: `bench/past-${number % 50}`, tag: `v${number}` };
    await loader.recordImage(name, [layer]);
  });
  await loader.makePast();
}

/** @returns of each image the time from its 201 to the word that all of it is verified there */
async function pushSteadily(
  primary: GeoSite,
  site: string,
  signal: AbortSignal,
): Promise<number[]> {
  const running: Promise<number>[] = [];
  const begunMs = performance.now();
  for (let n = 0; !signal.aborted; n++) {
    running.push(pushAndWait(primary, site, `v${n}`));
    await sleep(Math.max(0, begunMs + (n + 1) * EACH_MS - performance.now()));
  }
  return Promise.all(running);
}

async function pushAndWait({ url }: GeoSite, site: string, tag: string): Promise<number> {
  const repository = 'bench/fresh';
  await push({ site: url, name: `${repository}:${tag}` }, makeImage(IMAGE_BYTES));
  const pushedMs = performance.now();
  const path = `/api/v1/repositories/${repository}/manifests/${tag}/wait`;
  const answer = await send(`${url}${path}?sites=${site}&timeout=5m`);
  await answer.arrayBuffer();
  return answer.ok ? performance.now() - pushedMs : Number.POSITIVE_INFINITY;
}

/** Compares each second until nothing of the past is left. */
async function watch(primary: GeoSite, secondary: GeoSite): Promise<Sample[]> {
  await using oracle = await Oracle.open(primary, secondary);
  const remove = removerOf(secondary);
  const samples: Sample[] = [];
  for (;;) {
    const begunMs = performance.now();
    const sample = await oracle.compare();
    samples.push(sample);
    const { lanes, bytesBehind } = sample.said;
    if (lanes.backfill === 0 && bytesBehind < 10 * IMAGE_BYTES) return samples;
    await remove(await oracle.listVerified(KEPT_SECONDS));
    await sleep(Math.max(0, begunMs + EACH_MS - performance.now()));
  }
}

function removerOf({ data }: GeoSite): (digests: readonly string[]) => Promise<void> {
  const layout = new Layout(join(data, 'content'));
  const removed = new Set<string>();
  return async (digests) => {
    for (const digest of digests) {
      if (!removed.has(digest)) await rm(layout.blobFile(digest as Digest), { force: true });
      removed.add(digest);
    }
  };
}

function judge(samples: readonly Sample[], during: string): GeoRow[] {
  const worst = (of: (sample: Sample) => number) => Math.max(...samples.map(of));
  const lag = { value: worst(({ lagError }) => lagError), unit: 's' };
  const oldest = { value: worst(({ oldestError }) => oldestError), unit: 's' };
  const much = samples.filter(({ said }) => said.bytesBehind > MUCH_LEFT * mostBehind(samples));
  const bytes = {
    value: Math.max(...much.map(({ bytesError }) => bytesError * 100)),
    unit: '%',
  };
  const left = errorsOfTimeLeft(samples);
  const timeLeft = { value: quantile(left, 1) * 100, unit: '%' };
  const done = (what: string) => `${what}, ${samples.length} readings beside an oracle, ${during}`;
  const promise = 'C12 status';
  return [
    atMost(1, { promise, done: done('lag, the worst'), ...lag }),
    atMost(1, { promise, done: done('age of the oldest that lacks, the worst'), ...oldest }),
    atMost(1, { promise, done: done('bytes behind, the worst but for the last tenth'), ...bytes }),
    atMost(20, {
      promise,
      done: done(`time left, the worst of ${left.length} (median ${percent(quantile(left, 0.5))})`),
      ...timeLeft,
    }),
  ];
}

const mostBehind = (samples: readonly Sample[]) =>
  Math.max(...samples.map(({ said }) => said.bytesBehind));

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** What was said beside what came to be, as a share of that. */
function errorsOfTimeLeft(samples: readonly Sample[]): number[] {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  return samples
    .filter(({ atMs }) => atMs > first.atMs + PACE_MS && atMs < last.atMs - END_MS)
    .map(({ atMs, said }) => {
      const left = (last.atMs - atMs) / 1000;
      return Math.abs((said.secondsLeft ?? 0) - left) / left;
    });
}
