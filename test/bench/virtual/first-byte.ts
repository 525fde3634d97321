/**
 * How soon the first byte of a cold large blob comes, by way of us, of the peer, and straight from
 * the upstream: next door, and over a line. Next door, whoever stands between asks in as much time
 * again as the upstream takes, so the bar is for the line.
 */
import { median } from '../load.ts';
import type { Row } from '../table.ts';
import { warmMachine } from '../warm.ts';
import { openDelayLine } from './delay-line.ts';
import { type Read, read } from './read.ts';
import { type Image, openProxy, type Place, pushImage, type Stage, targetOf } from './stage.ts';

const ROUND_TRIP_MS = 50;
const AT_MOST = 1.2;

interface Rounds {
  readonly direct: Read[];
  readonly ours: Read[];
  readonly peer: Read[];
}

const NAMES = ['direct', 'ours', 'peer'] as const;

export async function benchFirstByte(
  stage: Stage,
  { rounds, sizeMib }: { readonly rounds: number; readonly sizeMib: number },
): Promise<Row[]> {
  await using line = await openDelayLine(stage.upstream.server.url, ROUND_TRIP_MS);
  await stage.addRegistry('far', line.url);
  await using farPeer = await openProxy(line.url);
  const { upstream, peer } = stage;
  const direct = { stand: upstream, prefix: '' };
  const near = { direct, ours: stage.virtual(), peer: { stand: peer, prefix: '' } };
  const far = { direct, ours: stage.virtual('far'), peer: { stand: farPeer, prefix: '' } };
  const seen = { near: noRounds(), far: noRounds() };
  for (let round = 0; round < rounds; round++) {
    const image = await pushImage(upstream, `bench/large-${round}`, [sizeMib * 2 ** 20]);
    const turn = NAMES.toSorted(() => (round % 2 === 0 ? 1 : -1));
    for (const name of turn) seen.near[name].push(await readCold(near[name], image));
    for (const name of turn) {
      // The direct way over the line is that of a client that is as far from the upstream.
      seen.far[name].push(
        await readCold(far[name], image, name === 'direct' ? line.url : undefined),
      );
    }
  }
  const what = `first byte of a cold ${sizeMib} MiB`;
  return [
    firstByteRow(`${what}, upstream ${ROUND_TRIP_MS} ms away`, seen.far, AT_MOST),
    firstByteRow(`${what}, upstream next door`, seen.near),
    totalRow('… until its last byte', seen.near),
  ];
}

const noRounds = (): Rounds => ({ direct: [], ours: [], peer: [] });

/** The manifest first, as every client does: by it a blob is known. */
async function readCold(
  place: Place,
  { manifest, blobs, ...image }: Image,
  origin?: string,
): Promise<Read> {
  const { url, headers } = await targetOf(place, image);
  const there = origin === undefined ? url : url.replace(new URL(url).origin, origin);
  const accepting = { ...headers, Accept: manifest.mediaType };
  await read(`${there}/manifests/v1`, manifest, { headers: accepting });
  const large = blobs.at(-1)!;
  await warmMachine();
  return read(`${there}/blobs/${large.digest}`, large, { headers });
}

function firstByteRow(what: string, seen: Rounds, atMost?: number): Row {
  const [direct, ours, peer] = NAMES.map((name) =>
    median(seen[name].map(({ firstByteMs }) => firstByteMs)),
  ) as [number, number, number];
  const ratio = ours / direct;
  return {
    what: `${what} (straight: ${direct.toFixed(1)} ms)`,
    ours: `${ours.toFixed(1)} ms`,
    peer: `${peer.toFixed(1)} ms`,
    figure: `${ratio.toFixed(2)} × straight`,
    bar: atMost === undefined ? '–' : `≤ ${atMost} ×`,
    isMet: atMost === undefined || ratio <= atMost,
  };
}

function totalRow(what: string, seen: Rounds): Row {
  const [direct, ours, peer] = NAMES.map((name) =>
    median(seen[name].map(({ seconds }) => seconds)),
  ) as [number, number, number];
  return {
    what: `${what} (straight: ${direct.toFixed(1)} s)`,
    ours: `${ours.toFixed(1)} s`,
    peer: `${peer.toFixed(1)} s`,
    figure: `${(ours / direct).toFixed(2)} × straight`,
    bar: '–',
    isMet: true,
  };
}
