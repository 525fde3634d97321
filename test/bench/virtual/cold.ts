/** Many clients at one cold image: what they cost the upstream, and when all have it. */
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { limitRow, type Row } from '../table.ts';
import { warmMachine } from '../warm.ts';
import { read } from './read.ts';
import { type Image, type Place, pushImage, type Stage, targetOf } from './stage.ts';

const LAYER_BYTES = 8 * 1024 * 1024;
const LAYERS = 4;
/** Clients of docker pull three blobs at once. */
const CONNECTIONS_EACH = 3;
/** Of so many clients one compares the digests, not the lengths alone. */
const HASHING = 25;
/** The upstream writes down what it was asked when it has answered. */
const LOG_MS = 2000;

interface Seen {
  readonly seconds: number;
  readonly failures: readonly Error[];
  readonly manifestGets: number;
  /** Of the blob that was asked for most often. */
  readonly mostBlobGets: number;
}

export async function benchCold(stage: Stage, clients: number): Promise<Row[]> {
  const ours = await pullByAll(stage, stage.virtual(), clients);
  const peer = await pullByAll(stage, { stand: stage.peer, prefix: '' }, clients);
  const what = `${clients} clients, one cold image of ${LAYERS} layers`;
  const both = (figure: (seen: Seen) => number) => ({ ours: figure(ours), peer: figure(peer) });
  const [manifests, blobs, failed, seconds] = [
    both((seen) => seen.manifestGets),
    both((seen) => seen.mostBlobGets),
    both((seen) => seen.failures.length),
    both((seen) => seen.seconds),
  ];
  return [
    limitRow(`${what}: GETs of the manifest upstream`, { ...manifests, unit: 'GETs' }, 1),
    limitRow('… GETs of each blob upstream, at most', { ...blobs, unit: 'GETs' }, 1),
    limitRow('… clients that failed', { ...failed, unit: 'clients' }, 0),
    limitRow('… until all have it', { ...seconds, unit: 's' }, Math.ceil(peer.seconds)),
  ];
}

/** An image of its own each time, so that the upstream's log tells them apart. */
async function pullByAll(stage: Stage, place: Place, clients: number): Promise<Seen> {
  const name = `bench/cold-${place.stand.name.toLowerCase()}`;
  const image = await pushImage(stage.upstream, name, Array(LAYERS).fill(LAYER_BYTES));
  const target = await targetOf(place, image);
  await warmMachine();
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_EACH * clients });
  const startedAt = performance.now();
  const pulls = await Promise.allSettled(
    Array.from({ length: clients }, (_, n) =>
      pull(image, target, { agent, isHashed: n % HASHING === 0 }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  agent.destroy();
  const failures = pulls.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  if (failures[0]) process.stderr.write(`${place.stand.name}: ${failures[0].message}\n`);
  await wait(LOG_MS);
  return { seconds, failures, ...countGets(await stage.upstreamGets(name)) };
}

async function pull(
  image: Image,
  { url, headers }: Awaited<ReturnType<typeof targetOf>>,
  how: { readonly agent: Agent; readonly isHashed: boolean },
): Promise<void> {
  const options = { ...how, headers };
  const accepting = { ...options, headers: { ...headers, Accept: image.manifest.mediaType } };
  await read(`${url}/manifests/v1`, image.manifest, accepting);
  await Promise.all(image.blobs.map((blob) => read(`${url}/blobs/${blob.digest}`, blob, options)));
}

function countGets(gets: readonly string[]): Pick<Seen, 'manifestGets' | 'mostBlobGets'> {
  const ofBlobs = gets.filter((get) => get.includes('/blobs/'));
  const counts = [...new Set(ofBlobs)].map((one) => ofBlobs.filter((get) => get === one).length);
  return {
    manifestGets: gets.filter((get) => get.includes('/manifests/')).length,
    mostBlobGets: Math.max(0, ...counts),
  };
}
