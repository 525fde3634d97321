/** C10: a push may touch any site with any request. */
import { digestOf } from '../../../../src/oci/digest.ts';
import { type Image, makeImage } from '../../../two-sites/client.ts';
import { untilCaughtUp } from '../sites/status.ts';
import { startSites } from '../stand.ts';
import { atMost, type GeoRow, type RunRow } from '../table.ts';
import { Failures, inLanes, pick } from './lanes.ts';
import { type ChooseSite, demand, LoadClient } from './load-client.ts';

/** Enough that the line is never what is waited for. */
const LANES = 32;
const ROUND_TRIP_MS = 20;
const LAYER_BYTES = 3000;
const CHUNK_BYTES = 1600;

interface Push {
  /** Repository and tag. */
  readonly name: string;
  readonly image: Image;
  /** One PUT of the whole where absent. */
  readonly chunkBytes: number | undefined;
}

export const benchAnySite: RunRow = async ({ isSmall }): Promise<GeoRow[]> => {
  const count = isSmall ? 300 : 10_000;
  await using stand = await startSites({ secondaries: 2, roundTripMs: ROUND_TRIP_MS });
  await Promise.all(stand.secondaries.map((site) => untilCaughtUp(site)));
  using client = new LoadClient();
  const anywhere = () => pick([stand.primary, ...stand.secondaries]).url;
  const failures = new Failures();
  const begunMs = performance.now();
  await inLanes({ count, lanes: LANES }, (n) =>
    failures.catch(async () => {
      const image = makeImage(LAYER_BYTES);
      const name = `c10/app-${n % 10}:v${n}`;
      const chunkBytes = n % 2 ? CHUNK_BYTES : undefined;
      await pushAnywhere(client, anywhere, { name, image, chunkBytes });
      await client.pull(anywhere(), name, image);
    }),
  );
  const perSecond = (count * 1000) / (performance.now() - begunMs);
  const rate = `${perSecond.toFixed(0)} a second, each pulled at a random site`;
  const done = `${count} pushes, each request at a random site of three; ${rate}`;
  return [atMost(0, { promise: 'C10', done, value: failures.count, unit: 'failed' })];
};

async function pushAnywhere(client: LoadClient, anywhere: ChooseSite, push: Push): Promise<void> {
  const { name, image, chunkBytes } = push;
  const [repository] = name.split(':') as [string];
  for (const blob of [image.config, ...image.layers]) {
    const step = async (path: string, method: 'POST' | 'PATCH' | 'PUT', body?: Buffer) => {
      const reply = await client.send(anywhere(), path, { method, ...(body ? { body } : {}) });
      return String(demand(reply, [201, 202], `${method} ${path}`).headers['location']);
    };
    let path = await step(`/v2/${repository}/blobs/uploads/`, 'POST');
    const chunks = chunkBytes === undefined ? [] : cut(blob, chunkBytes);
    for (const chunk of chunks) path = await step(path, 'PATCH', chunk);
    await step(`${path}&digest=${digestOf(blob)}`, 'PUT', chunks.length > 0 ? undefined : blob);
  }
  await client.pushManifest(anywhere(), name, image.manifest);
}

function cut(blob: Buffer, chunkBytes: number): Buffer[] {
  const count = Math.ceil(blob.length / chunkBytes);
  return Array.from({ length: count }, (_, n) =>
    blob.subarray(n * chunkBytes, (n + 1) * chunkBytes),
  );
}
