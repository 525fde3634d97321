/** What a read at a secondary takes longer than one at the primary through the same line. */
import { digestOf } from '../../../../src/oci/digest.ts';
import { makeImage } from '../../../two-sites/client.ts';
import type { GeoStand } from '../stand.ts';
import { atMost, type GeoRow, quantile } from '../table.ts';
import { timed } from './lanes.ts';
import { demand, type LoadClient } from './load-client.ts';

const ROUND_TRIP_MS = 100;
const STRONG = { 'meridian-consistency': 'strong' };

interface Plan {
  /** How often each is read. */
  readonly count: number;
  /** How the secondary is meanwhile, which copies no blobs in any case. */
  readonly how: string;
}

export async function measureAdded(
  { primary, secondaries: [secondary] }: GeoStand,
  client: LoadClient,
  { count, how }: Plan,
): Promise<GeoRow[]> {
  const [near, far] = [secondary!.url, secondary!.line!.url];
  const image = makeImage(1000);
  const tag = how.replace(/\W/g, '-');
  await client.push(() => primary.url, `c1/timed:${tag}`, image);
  const manifest = `/v2/c1/timed/manifests/${tag}`;
  const read = (site: string, path: string) =>
    timed(async () => demand(await client.send(site, path, { headers: STRONG }), [200], path));
  const [tags, blobs]: Compared[] = [newCompared(), newCompared()];
  for (let n = -1; n < count; n++) {
    const [one, other] = [makeImage(1000).layers[0]!, makeImage(1000).layers[0]!];
    for (const blob of [one, other]) await client.pushWhole(primary.url, 'c1/timed', blob);
    const times = [
      [await read(far, manifest), await read(near, manifest)],
      [await read(far, blobPath(one)), await read(near, blobPath(other))],
    ] as const;
    // The first time opens the connections.
    if (n < 0) continue;
    for (const [at, compared] of [tags!, blobs!].entries()) {
      compared.plain.push(times[at]![0]);
      compared.asked.push(times[at]![1]);
    }
  }
  return [
    ...describe(`${how}: ${count} strong reads of a tag, beside plain ones by the line`, tags!),
    ...describe(`${how}: ${count} reads of blobs that are not there, beside plain ones`, blobs!),
  ];
}

const blobPath = (blob: Buffer): string => `/v2/c1/timed/blobs/${digestOf(blob)}`;

interface Compared {
  readonly plain: number[];
  readonly asked: number[];
}

function newCompared(): Compared {
  return { plain: [], asked: [] };
}

function describe(done: string, { plain, asked }: Compared): GeoRow[] {
  return [0.5, 0.99].map((share) => {
    const value = quantile(asked, share) - quantile(plain, share);
    const unit = `ms added at p${share * 100}`;
    return atMost(ROUND_TRIP_MS, { promise: 'C1', done, value, unit });
  });
}
