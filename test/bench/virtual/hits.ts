/** Hits beside what is local at the same site, and with the upstream gone. */

import { median, requestRate } from '../load.ts';
import { cpuSecondsOf } from '../process-figures.ts';
import { limitRow, type Row, ratioRow } from '../table.ts';
import { warmMachine } from '../warm.ts';
import { read } from './read.ts';
import { type Image, type Place, pushImage, type Stage, targetOf } from './stage.ts';

const LOAD = { connections: 64, seconds: 4 };
const ROUNDS = 3;
const BLOB_ROUNDS = 5;
/** A hit is as fast as what is local, as far as two rates on one machine can be told apart. */
const AS_FAST = 0.9;
const AS_CHEAP = 1 / AS_FAST;

const IMAGE = 'bench/hits';

interface Sides {
  readonly virtual: Place;
  readonly local: Place;
  readonly peer: Place;
  readonly image: Image;
}

async function openSides(stage: Stage, blobBytes: number): Promise<Sides> {
  const image = await pushImage(stage.upstream, IMAGE, [blobBytes]);
  const local = stage.ours.repository(IMAGE);
  for (const blob of image.blobs) await local.pushBlob(blob);
  await local.pushManifest(image.manifest, 'v1');
  const peer = { stand: stage.peer, prefix: '' };
  const sides = { virtual: stage.virtual(), local: { stand: stage.ours, prefix: '' }, peer, image };
  // From here on it is a hit everywhere.
  for (const place of [sides.virtual, peer]) await readAll(place, image);
  return sides;
}

/** The manifest by tag and by digest, and every blob. */
async function readAll(place: Place, { manifest, blobs, ...image }: Image): Promise<void> {
  const { url, headers } = await targetOf(place, image);
  const accepting = { headers: { ...headers, Accept: manifest.mediaType }, isHashed: true };
  for (const reference of ['v1', manifest.digest]) {
    await read(`${url}/manifests/${reference}`, manifest, accepting);
  }
  for (const blob of blobs) await read(`${url}/blobs/${blob.digest}`, blob, accepting);
}

/** Requests a second, in turns so that all meet the same machine. */
export async function benchManifestHits(stage: Stage): Promise<Row[]> {
  const { image, ...places } = await openSides(stage, 1000);
  const rows: Row[] = [];
  for (const [by, reference] of [
    ['tag', 'v1'],
    ['digest', image.manifest.digest],
  ] as const) {
    const rates = { virtual: [] as number[], local: [] as number[], peer: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['virtual', 'local', 'peer'] as const) {
        const { url, headers } = await targetOf(places[name], image);
        const load = { ...LOAD, headers: { ...headers, Accept: image.manifest.mediaType } };
        rates[name].push(await requestRate(`${url}/manifests/${reference}`, load));
      }
    }
    const [ours, local, peer] = [rates.virtual, rates.local, rates.peer].map(median) as [
      number,
      number,
      number,
    ];
    const hit = ratioRow(`hit, manifest by ${by}`, { ours, peer, unit: 'req/s' }, AS_FAST);
    const figure = `${(ours / local).toFixed(2)} × local (${local.toFixed(0)} req/s)`;
    rows.push({ ...hit, figure, isMet: ours / local >= AS_FAST });
  }
  return rows;
}

interface BlobCost {
  readonly megabytesPerSecond: number;
  readonly cpuPerGib: number;
}

export async function benchBlobHits(stage: Stage, sizeMib: number): Promise<Row[]> {
  const { image, ...places } = await openSides(stage, sizeMib * 2 ** 20);
  const costs = { virtual: [] as BlobCost[], local: [] as BlobCost[], peer: [] as BlobCost[] };
  await warmMachine();
  for (let round = 0; round < BLOB_ROUNDS; round++) {
    for (const name of ['virtual', 'local', 'peer'] as const) {
      costs[name].push(await readBlob(places[name], image));
    }
  }
  const middle = (name: keyof typeof costs, what: keyof BlobCost) =>
    median(costs[name].map((cost) => cost[what]));
  const [rate, localRate] = [
    middle('virtual', 'megabytesPerSecond'),
    middle('local', 'megabytesPerSecond'),
  ];
  const peerRate = middle('peer', 'megabytesPerSecond');
  const speed = ratioRow('hit, blob', { ours: rate, peer: peerRate, unit: 'MB/s' }, AS_FAST);
  const cpu = { ours: middle('virtual', 'cpuPerGib'), peer: middle('peer', 'cpuPerGib') };
  const local = middle('local', 'cpuPerGib');
  const cost = limitRow('… its processor time', { ...cpu, unit: 'CPU s/GiB' }, local * AS_CHEAP);
  return [
    {
      ...speed,
      figure: `${(rate / localRate).toFixed(2)} × local (${localRate.toFixed(0)} MB/s)`,
      isMet: rate / localRate >= AS_FAST,
    },
    { ...cost, bar: `≤ ${AS_CHEAP.toFixed(2)} × local (${local.toFixed(2)})` },
  ];
}

/** Four times in a row, since processor time is told in hundredths. */
async function readBlob(place: Place, image: Image): Promise<BlobCost> {
  const { url, headers } = await targetOf(place, image);
  const blob = image.blobs.at(-1)!;
  const { pid } = place.stand.server;
  const before = cpuSecondsOf(pid);
  let seconds = 0;
  for (let n = 0; n < 4; n++) {
    seconds += (await read(`${url}/blobs/${blob.digest}`, blob, { headers })).seconds;
  }
  const bytes = 4 * blob.bytes.length;
  return {
    megabytesPerSecond: bytes / 1e6 / seconds,
    cpuPerGib: (cpuSecondsOf(pid) - before) / (bytes / 2 ** 30),
  };
}

/** The upstream ends for good, and the site starts anew: what was pulled is answered as before. */
export async function benchUpstreamGone(stage: Stage): Promise<Row[]> {
  const { image } = await openSides(stage, 1000);
  await stage.upstream.server.stop();
  const failures = async () => {
    const fault = await readAll(stage.virtual(), image).then(
      () => undefined,
      (error: Error) => error,
    );
    if (fault) process.stderr.write(`${fault.message}\n`);
    return fault ? 1 : 0;
  };
  const before = await failures();
  await stage.restartOurs();
  const after = await failures();
  const unit = 'failed pulls';
  return [
    limitRow('upstream stopped: a hit', { ours: before, unit }, 0),
    limitRow('… and the site started anew', { ours: after, unit }, 0),
  ];
}
