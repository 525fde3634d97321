/**
 * C6: you can wait for an image, and *complete* is never said too early.
 *
 * Images are pushed all the time, and each is waited for at the primary. As soon as some were said
 * to be complete, the line becomes a black hole, all of these are pulled, and the line passes
 * again: so each is pulled without the primary, a moment after the word, while the ones behind it
 * are still on their way. How soon the word comes is measured before, at an even pace: from the
 * moment at which the file of the last blob got its name at the secondary, which is when its digest
 * was proven.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../../../src/oci/digest.ts';
import { Layout } from '../../../../src/storage/filesystem/layout.ts';
import { type Image, makeImage } from '../../../two-sites/client.ts';
import { untilCaughtUp } from '../sites/status.ts';
import { type GeoSite, type GeoStand, startSites } from '../stand.ts';
import { atMost, type GeoRow, quantile, type RunRow } from '../table.ts';
import { atPace, Failures, inLanes } from './lanes.ts';
import { demand, LoadClient } from './load-client.ts';

const LAYER_BYTES = 2000;
const PUSHERS = 8;
const PULLERS = 16;

/** So many are pulled behind one cut, at least; so many are on their way, at most. */
const BATCH = 50;
const MOST_UNDER_WAY = 300;

/** Of images that only warm up programs that were just started. */
const WARM_UP = 'warm-up';

const WAIT = 'wait?sites=lisbon&timeout=2m';

interface Said {
  readonly name: string;
  readonly image: Image;
}

export const benchComplete: RunRow = async ({ isSmall }): Promise<GeoRow[]> => {
  const [timed, count] = isSmall ? [50, 300] : [1000, 10_000];
  const environment = { MERIDIAN_TRANSFERS: '32' };
  await using stand = await startSites({ secondaries: 1, roundTripMs: 100, environment });
  await untilCaughtUp(stand.secondaries[0]!);
  using client = new LoadClient();
  const bench = new Bench(stand, client);
  await bench.measureDelays(isSmall ? 100 : 200, WARM_UP);
  const delays = await bench.measureDelays(timed, 'timed');
  const { failures, cuts } = await bench.pullBehindCuts(count);
  const promise = 'C6';
  const told = `${timed} images at 20 a second: from the last byte verified to the waiter's answer`;
  const cut = `${count} images, pulled behind ${cuts} cuts right after they were said complete`;
  const p99 = quantile(delays, 0.99);
  return [
    atMost(0, { promise, done: cut, value: failures.count, unit: 'false' }),
    atMost(250, { promise, done: told, value: p99, unit: 'ms at p99' }),
  ];
};

class Bench {
  readonly #primary: string;
  readonly #secondary: GeoSite;
  readonly #client: LoadClient;

  constructor({ primary, secondaries: [secondary] }: GeoStand, client: LoadClient) {
    this.#primary = primary.url;
    this.#secondary = secondary!;
    this.#client = client;
  }

  /** @returns how long after the last byte was verified each waiter was told, in ms */
  async measureDelays(count: number, repository: string): Promise<number[]> {
    const delays: number[] = [];
    await atPace({ perSecond: 20, seconds: count / 20 }, async (n) => {
      const image = makeImage(LAYER_BYTES);
      await this.#pushAndWait(`c6/${repository}:t${n}`, image);
      const toldAt = performance.timeOrigin + performance.now();
      delays.push(toldAt - (await this.#verifiedAt(image)));
    });
    return delays;
  }

  async pullBehindCuts(count: number): Promise<{ failures: Failures; cuts: number }> {
    const failures = new Failures();
    const said: Said[] = [];
    let [pulled, cuts] = [0, 0];
    const isFull = (n: number) => n - pulled > MOST_UNDER_WAY;
    const push = async (n: number) => {
      const [name, image] = [`c6/app-${n % 10}:v${n}`, makeImage(LAYER_BYTES)];
      await this.#client.push(() => this.#primary, name, image);
      // The next is pushed while this one is waited for.
      void failures.catch(() => this.#wait(name)).then(() => said.push({ name, image }));
      while (isFull(n)) await sleep(5);
    };
    const pushing = inLanes({ count, lanes: PUSHERS }, push);
    while (pulled < count) {
      const isEnough = said.length >= Math.min(BATCH, count - pulled);
      if (!isEnough) await sleep(2);
      else {
        pulled += await this.#pullAlone(said.splice(0), failures);
        cuts += 1;
      }
    }
    await pushing;
    return { failures, cuts };
  }

  /** With the primary cut off. @returns how many */
  async #pullAlone(said: readonly Said[], failures: Failures): Promise<number> {
    const { url, line } = this.#secondary;
    line!.hold();
    await inLanes({ count: said.length, lanes: PULLERS }, (n) =>
      failures.catch(() => this.#client.pull(url, said[n]!.name, said[n]!.image)),
    );
    line!.pass();
    return said.length;
  }

  async #pushAndWait(name: string, image: Image): Promise<void> {
    await this.#client.push(() => this.#primary, name, image);
    await this.#wait(name);
  }

  async #wait(name: string): Promise<void> {
    const [repository, tag] = name.split(':');
    const path = `/api/v1/repositories/${repository}/manifests/${tag}/${WAIT}`;
    demand(await this.#client.send(this.#primary, path), [200], path);
  }

  /** When the last of its blobs got its name at the secondary. */
  async #verifiedAt({ config, layers }: Image): Promise<number> {
    const layout = new Layout(join(this.#secondary.data, 'content'));
    const files = [config, ...layers].map((blob) => layout.blobFile(digestOf(blob)));
    const stats = await Promise.all(files.map((file) => stat(file)));
    return Math.max(...stats.map(({ ctimeMs }) => ctimeMs));
  }
}
