/** How soon a tag that was pushed at the primary is answered by a secondary, by itself. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-type.ts';
import { logIn, makeImage, push } from '../../../two-sites/client.ts';
import { untilCaughtUp } from '../sites/status.ts';
import { type GeoSite, startSites } from '../stand.ts';
import { atMost, type BenchOptions, type GeoRow, quantile } from '../table.ts';

const ROUND_TRIP_MS = 100;
const REPOSITORY = 'bench/tag';
const TAG = 'latest';

/** Often enough to see each millisecond or two, and seldom enough to leave the site its time. */
const POLL_MS = 2;

export async function benchPushToTag({ isSmall }: BenchOptions): Promise<GeoRow[]> {
  const pushes = isSmall ? 30 : 500;
  await using stand = await startSites({ secondaries: 1, roundTripMs: ROUND_TRIP_MS });
  const [secondary] = stand.secondaries as [GeoSite];
  const target = { site: stand.primary.url, name: `${REPOSITORY}:${TAG}` };
  await push(target, makeImage(1000));
  await untilCaughtUp(secondary);
  const here = await openTag(secondary);
  const timesMs: number[] = [];
  for (let n = 0; n < pushes; n++) {
    const image = makeImage(1000);
    await push(target, image);
    const pushedMs = performance.now();
    while ((await here.read()) !== image.digest) await sleep(POLL_MS);
    timesMs.push(performance.now() - pushedMs);
  }
  here.close();
  const promise = 'push → tag';
  const done = `${pushes} pushes, ${ROUND_TRIP_MS} ms, from the 201 to the tag answered locally`;
  const row = (share: number) => ({ value: quantile(timesMs, share), unit: 'ms' });
  return [
    atMost(ROUND_TRIP_MS + 20, { promise, done: `${done}, p50`, ...row(0.5) }),
    atMost(ROUND_TRIP_MS + 200, { promise, done: `${done}, p99`, ...row(0.99) }),
  ];
}

/** The tag as the site itself knows it, over one connection that stays open. */
async function openTag({ url }: GeoSite) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = {
    authorization: `Bearer ${await logIn(url, REPOSITORY)}`,
    accept: OCI_MANIFEST,
    'meridian-consistency': 'eventual',
  };
  const path = `${url}/v2/${REPOSITORY}/manifests/${TAG}`;
  const read = () =>
    new Promise<Digest | undefined>((resolve, reject) => {
      const asked = request(path, { method: 'HEAD', agent, headers }, (answer) => {
        const isLocal = answer.headers['meridian-source'] === 'local';
        const digest = answer.headers['docker-content-digest'] as Digest | undefined;
        answer.resume().once('end', () => resolve(isLocal ? digest : undefined));
      });
      asked.once('error', reject).end();
    });
  return { read, close: () => agent.destroy() };
}
