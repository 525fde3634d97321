/**
 * C1: what a push was answered for is read at every site that reaches the primary.
 *
 * Two thirds of all requests go to a secondary, at random. First both secondaries copy no blobs, so
 * that each one is filled from the primary; then their leaders hang too, so that they hear of
 * nothing any more, and the second half of those pairs finds them a minute behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../../../src/oci/digest.ts';
import { makeImage } from '../../../two-sites/client.ts';
import { readStatus, untilCaughtUp } from '../sites/status.ts';
import { type GeoSite, type GeoStand, startSites } from '../stand.ts';
import { atMost, type GeoRow, type RunRow } from '../table.ts';
import { measureAdded } from './added-time.ts';
import { Failures, inLanes, pick } from './lanes.ts';
import { demand, LoadClient } from './load-client.ts';
import { hangLeader, setPaused } from './steer.ts';

const ROUND_TRIP_MS = 100;
const LAG_SECONDS = 60;

/** A push through a site that lags waits for it for up to five seconds: many are under way. */
const LANES = { paused: 48, lagging: 128 };

interface Outcome {
  /** Reads under `strong` that gave anything else than what was pushed. */
  readonly violations: Failures;
  /** Reads under `bounded` that gave 404. */
  readonly missing: Failures;
}

export const benchReadYourWrites: RunRow = async ({ isSmall }): Promise<GeoRow[]> => {
  const pairs = isSmall ? 100 : 2000;
  await using stand = await startSites({ secondaries: 2, roundTripMs: ROUND_TRIP_MS });
  await Promise.all(stand.secondaries.map((site) => untilCaughtUp(site)));
  using client = new LoadClient();
  const outcome = { violations: new Failures(), missing: new Failures() };
  const bench = new Pairs(stand, client, outcome);
  await Promise.all(stand.secondaries.map((site) => setPaused(stand, site, true)));
  const count = isSmall ? 20 : 100;
  const paused = await measureAdded(stand, client, { count, how: 'paused' });
  await bench.run(3 * pairs, LANES.paused);
  await Promise.all(stand.secondaries.map((site) => hangLeader(site)));
  const lagging = await measureAdded(stand, client, { count, how: 'lagging' });
  await bench.run(pairs, LANES.lagging);
  if (!isSmall) await Promise.all(stand.secondaries.map(untilLagging));
  await bench.run(pairs, LANES.lagging);
  const done = `${5 * pairs} pairs at random sites of three: workers paused, then lagging`;
  const row = { promise: 'C1', done };
  const { violations, missing } = outcome;
  return [
    atMost(0, { ...row, value: violations.count, unit: 'violations of strong' }),
    atMost(0, { ...row, value: missing.count, unit: 'times 404 of bounded' }),
    ...paused,
    ...lagging,
  ];
};

async function untilLagging(site: GeoSite): Promise<void> {
  while (((await readStatus(site)).lagSeconds ?? 0) < LAG_SECONDS) await sleep(500);
}

class Pairs {
  readonly #sites: readonly string[];
  readonly #client: LoadClient;
  readonly #outcome: Outcome;
  #begun = 0;

  constructor({ primary, secondaries }: GeoStand, client: LoadClient, outcome: Outcome) {
    this.#sites = [primary, ...secondaries].map(({ url }) => url);
    this.#client = client;
    this.#outcome = outcome;
  }

  /** Each lane has a repository with a tag that it alone moves, so it knows what is the newest. */
  run(count: number, lanes: number): Promise<void> {
    return inLanes({ count, lanes }, (n, lane) => {
      // Every fourth is under a name that no site but one ever heard of.
      const tag = n % 4 === 3 ? `new-${this.#begun++}` : 'moving';
      return this.#outcome.violations.catch(() => this.#pair(`c1/lane-${lane}`, tag));
    });
  }

  async #pair(repository: string, tag: string): Promise<void> {
    const image = makeImage(1000);
    const anywhere = () => pick(this.#sites);
    await this.#client.push(anywhere, `${repository}:${tag}`, image);
    const paths = [`manifests/${tag}`, `manifests/${image.digest}`];
    const blobs = [image.config, ...image.layers].map((blob) => `blobs/${digestOf(blob)}`);
    const all = [...paths, ...blobs].map((path) => `/v2/${repository}/${path}`);
    const contents = [image.manifest, image.manifest, image.config, ...image.layers];
    await Promise.all([
      ...all.map((path, at) => this.#readStrong(anywhere(), path, contents[at]!)),
      ...this.#readBounded(anywhere(), [all[0]!, pick(all)]),
    ]);
  }

  async #readStrong(site: string, path: string, content: Buffer): Promise<void> {
    const headers = { 'meridian-consistency': 'strong' };
    const { body } = demand(await this.#client.send(site, path, { headers }), [200], path);
    if (!body.equals(content)) throw new Error(`${path} gave something else than what was pushed`);
  }

  #readBounded(site: string, paths: readonly string[]): Promise<void>[] {
    return paths.map(async (path) => {
      const reply = await this.#client.send(site, path);
      if (reply.status === 404) this.#outcome.missing.add(`${path} is not there`);
      else demand(reply, [200], path);
    });
  }
}
