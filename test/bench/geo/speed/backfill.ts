/** A site that joins late and copies many small images, against what copies images today. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Server, startDockerRegistry } from '../../peer.ts';
import { atOnce, Loader } from '../sites/loader.ts';
import { isWhole, untilStatus } from '../sites/status.ts';
import { type GeoSite, startSites } from '../stand.ts';
import { atLeast, type BenchOptions, type GeoRow } from '../table.ts';

const run = promisify(execFile);

const TAGS = 100;
const LAYER_BYTES = 2048;
/** Blobs so small cost round trips, of the network and of the disk: more at once hide them. */
const TRANSFERS = '16';
const LIMIT_MS = 10 * 60_000;

export async function benchBackfill({ isSmall }: BenchOptions): Promise<GeoRow[]> {
  const images = isSmall ? 1000 : 10_000;
  await using stand = await startSites({ secondaries: 0, roundTripMs: 0 });
  await load(stand.primary, images);
  const peers = await measurePeers(stand.primary, isSmall);
  const begunMs = performance.now();
  const secondary = await stand.addSecondary({ MERIDIAN_TRANSFERS: TRANSFERS });
  const isAll = (total: number) => total === images;
  await untilStatus(secondary, (figures) => isWhole(figures) && isAll(figures.manifests.total), {
    limitMs: LIMIT_MS,
    pollMs: 500,
  });
  const rate = (images * 1000) / (performance.now() - begunMs);
  return peers.map(({ name, sample, perSecond }) => {
    const ours = `${images} images by a site that joins, ${TRANSFERS} transfers: ${print(rate)}`;
    const theirs = `${name}, ${sample} images into docker-registry: ${print(perSecond)}`;
    const done = `${ours}, against ${theirs}`;
    return atLeast(5, { promise: 'backfill', done, value: rate / perSecond, unit: '×' });
  });
}

const print = (perSecond: number) => `${perSecond.toFixed(1)} images/s`;

const repositoryOf = (number: number) => `bench/backfill-${Math.floor(number / TAGS)}`;

async function load(primary: GeoSite, images: number): Promise<void> {
  await using loader = await Loader.open(primary);
  await atOnce(16, images, async (number) => {
    const layer = await loader.placeBytes(randomBytes(LAYER_BYTES));
    await loader.recordImage({ repository: repositoryOf(number), tag: `v${number % TAGS}` }, [
      layer,
    ]);
  });
  await loader.makePast();
}

interface PeerFigure {
  readonly name: string;
  readonly sample: number;
  /** Images. */
  readonly perSecond: number;
}

/** Each into an empty registry of its own. */
async function measurePeers(primary: GeoSite, isSmall: boolean): Promise<PeerFigure[]> {
  const repositories = isSmall ? 1 : 4;
  const copies = isSmall ? 30 : 200;
  return [
    await measurePeer('skopeo sync', repositories * TAGS, async (peer) => {
      for (let n = 0; n < repositories; n++) {
        const [from, to] = [`${hostOf(primary)}/${repositoryOf(n * TAGS)}`, hostOf(peer)];
        await skopeo(primary, ['sync', '--src', 'docker', '--dest', 'docker'], [from, to]);
      }
    }),
    await measurePeer('one skopeo copy after another', copies, async (peer) => {
      for (let n = 0; n < copies; n++) {
        const image = `${repositoryOf(n)}:v${n % TAGS}`;
        const names = [primary, peer].map((side) => `docker://${hostOf(side)}/${image}`);
        await skopeo(primary, ['copy'], names);
      }
    }),
  ];
}

async function measurePeer(
  name: string,
  sample: number,
  copyAll: (peer: Server) => Promise<void>,
): Promise<PeerFigure> {
  const peer = await startDockerRegistry();
  try {
    const begunMs = performance.now();
    await copyAll(peer);
    return { name, sample, perSecond: (sample * 1000) / (performance.now() - begunMs) };
  } finally {
    await peer.stop();
  }
}

const hostOf = ({ url }: { readonly url: string }) => new URL(url).host;

async function skopeo(
  { password }: GeoSite,
  command: readonly string[],
  names: readonly string[],
): Promise<void> {
  const ways = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const login = [`--src-creds=admin:${password}`, '--dest-no-creds'];
  await run('skopeo', [...command, ...ways, ...login, ...names], { maxBuffer: 2 ** 26 });
}
