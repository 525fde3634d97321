/** C3: a secondary lives alone while its primary is a black hole. */
import { digestOf } from '../../../../src/oci/digest.ts';
import { makeImage } from '../../../two-sites/client.ts';
import { untilCaughtUp } from '../sites/status.ts';
import { startSites } from '../stand.ts';
import { atMost, type GeoRow, quantile, type RunRow } from '../table.ts';
import { atPace, Failures, pick } from './lanes.ts';
import { demand, LoadClient } from './load-client.ts';

const PULLS_PER_SECOND = 200;
const IMAGES = 20;
const LAYER_BYTES = 20_000;

/** So that the pulls before the cut find everything warm. */
const WARM_UP_SECONDS = 5;

export const benchAlone: RunRow = async ({ isSmall }): Promise<GeoRow[]> => {
  // Longer than the bound within which the site may answer by itself, also when small.
  const [beforeSeconds, cutSeconds] = isSmall ? [5, 15] : [30, 60];
  await using stand = await startSites({ secondaries: 1, roundTripMs: 100 });
  const [secondary] = stand.secondaries;
  using client = new LoadClient();
  const images = Array.from({ length: IMAGES }, () => makeImage(LAYER_BYTES));
  for (const [at, image] of images.entries()) {
    await client.push(() => stand.primary.url, `c3/app:v${at}`, image);
  }
  await untilCaughtUp(secondary!);
  const failures = new Failures();
  const pull = () =>
    failures.catch(() => pullOnce(client, secondary!.url, pick([...images.keys()])));
  const pullOnce = async (by: LoadClient, site: string, at: number) => {
    const { layers, manifest } = images[at]!;
    const token = await by.askToken(site, 'c3/app');
    for (const [path, content] of [
      [`manifests/v${at}`, manifest],
      [`blobs/${digestOf(layers[0]!)}`, layers[0]!],
    ] as const) {
      const reply = await by.sendWith(token, site, `/v2/c3/app/${path}`);
      if (!demand(reply, [200], path).body.equals(content)) throw new Error(`other bytes: ${path}`);
    }
  };
  const perSecond = PULLS_PER_SECOND;
  await atPace({ perSecond, seconds: WARM_UP_SECONDS }, pull);
  const before = await atPace({ perSecond, seconds: beforeSeconds }, pull);
  secondary!.line!.hold();
  const during = await atPace({ perSecond, seconds: cutSeconds }, pull);
  secondary!.line!.pass();
  const p99 = quantile(before, 0.99);
  const done = `${perSecond} pulls/s, token included, for ${cutSeconds} s of a black hole`;
  const row = { promise: 'C3', done };
  const more = `ms more than before (${p99.toFixed(1)} ms)`;
  return [
    atMost(0, { ...row, value: failures.count, unit: `failed of ${during.length}` }),
    atMost(1000, { ...row, value: quantile(during, 1) - p99, unit: `${more}, the slowest` }),
    atMost(10, { ...row, value: quantile(during, 0.99) - p99, unit: `${more}, p99` }),
  ];
};
