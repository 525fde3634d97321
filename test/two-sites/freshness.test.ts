import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../support/ports.ts';
import { type Image, invite, makeImage, pull, push, pushManifest, send, until } from './client.ts';
import { type LineProxy, startLineProxy } from './lines/line-proxy.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

/** At full size they are rows of `npm run bench:geo`. */
const PAIRS = 300;
const BOUND_MS = 1500;
const PULLS = { perSecond: 100, seconds: 2 };

describeFreshness('in memory', openMemoryPorts);
describeFreshness('on PostgreSQL and a file system', openPostgresPorts);

function describeFreshness(where: string, openPorts: OpenPorts): void {
  describe(`fresh reads at a secondary ${where}`, function () {
    this.timeout(40_000);
    const opened: TestPorts[] = [];
    let primary: TestSite;
    let secondary: TestSite;
    let line: LineProxy;

    const open = async () => {
      const ports = await openPorts();
      opened.push(ports);
      return ports;
    };
    const ask = (path: string, consistency?: string, method = 'GET') => {
      const headers = new Headers(consistency ? { 'meridian-consistency': consistency } : {});
      return send(`${secondary.url}/v2/${path}`, { method, headers: Object.fromEntries(headers) });
    };
    const isFollowing = () =>
      until('the secondary is proven to be fresh', async () => {
        return ((await secondary.ports.changeLog.readHead()).ageMs ?? 1e9) < 1500;
      });
    const pushTo = async (name: string, image: Image) => {
      await push({ site: primary.url, name }, image);
      await until('all of it is here', () => isWhole(secondary, name, image));
    };
    const bound = `bounded;max-age=${BOUND_MS / 1000}`;

    before(async () => {
      primary = await startPrimary('tokyo', await open());
      line = await startLineProxy(primary.url);
      secondary = await startSecondary('lisbon', await open(), {
        primaryUrl: line.url,
        joinToken: await invite(primary, 'lisbon'),
        settings: { MERIDIAN_CONSISTENCY: 'bounded:10s' },
      });
    });

    afterEach(async () => {
      line.pass();
      await isFollowing();
    });

    after(async () => {
      await secondary.stop();
      await primary.stop();
      line.close();
      await Promise.all(opened.map((ports) => ports.close()));
    });

    it('says of each answer where it came from, and how old it may be', async () => {
      const image = makeImage(100);
      await pushTo('acme/app:v1', image);
      const paths = [
        'acme/app/manifests/v1',
        `acme/app/manifests/${image.digest}`,
        `acme/app/blobs/${digestOf(image.config)}`,
        'acme/app/tags/list',
        `acme/app/referrers/${image.digest}`,
        '_catalog',
      ];
      for (const path of paths) {
        for (const method of ['GET', 'HEAD']) {
          const here = await ask(path, undefined, method);
          expect(here.status, path).to.equal(200);
          expect(here.headers.get('meridian-source'), path).to.equal('local');
          expect(Number(here.headers.get('meridian-age')), path).to.be.within(0, 2);
        }
        const there = await send(`${primary.url}/v2/${path}`);
        expect(there.headers.get('meridian-source'), path).to.equal('local');
        expect(there.headers.get('meridian-age'), path).to.equal('0.000');
      }
    });

    it('refuses a header that it does not understand, with one sentence', async () => {
      for (const wrong of ['fresh', 'bounded;max-age=soon', 'bounded;max-age=-1']) {
        for (const path of ['acme/app/manifests/v1', 'acme/app/tags/list']) {
          const answer = await ask(path, wrong);
          expect(answer.status).to.equal(400);
          expect(await answer.text()).to.contain('Meridian-Consistency is strong');
        }
      }
    });

    it('reads what was written here, also where the feed lags behind the answer', async () => {
      const [before, after] = [makeImage(100), makeImage(100)];
      await pushTo('acme/app:lagging', before);
      await secondary.stopReplication();
      try {
        await push({ site: secondary.url, name: 'acme/app:lagging' }, after);
        for (const reading of [undefined, 'bounded;max-age=60']) {
          const answer = await ask('acme/app/manifests/lagging', reading);
          expect(answer.headers.get('docker-content-digest')).to.equal(after.digest);
          expect(answer.headers.get('meridian-source')).to.equal('primary');
        }
      } finally {
        await secondary.startReplication();
      }
      await isFollowing();
      await until('it is answered here again', async () => {
        const answer = await ask('acme/app/manifests/lagging');
        return answer.headers.get('meridian-source') === 'local';
      });
    });

    it('answers without asking under eventual and bounded, and asks under strong', async () => {
      const image = makeImage(100);
      await pushTo('acme/app:asked', image);
      for (const reference of ['asked', image.digest]) {
        const path = `acme/app/manifests/${reference}`;
        for (const [consistency, source] of [
          ['eventual', 'local'],
          ['bounded', 'local'],
          ['strong', 'primary'],
        ]) {
          const answer = await ask(path, consistency);
          expect(answer.headers.get('meridian-source')).to.equal(source);
          expect(Buffer.from(await answer.arrayBuffer()).equals(image.manifest)).to.equal(true);
        }
      }
    });

    it(`reads what was just written elsewhere: ${PAIRS} pairs, nothing replicated`, async () => {
      await secondary.stopReplication();
      const [first, second] = [makeImage(50), makeImage(50)];
      for (const image of [first, second]) await push({ site: primary.url, name: 'c1/a:x' }, image);
      let violations = 0;
      let missing = 0;
      for (let n = 0; n < PAIRS; n++) {
        const image = n % 2 === 0 ? first : second;
        // Every fourth pair a tag that nobody at the secondary ever heard of.
        const tag = n % 4 === 3 ? `new-${n}` : 'moving';
        await pushManifest({ site: primary.url, name: `c1/a:${tag}` }, image);
        const strong = await ask(`c1/a/manifests/${tag}`, 'strong', n % 3 === 0 ? 'HEAD' : 'GET');
        if (strong.headers.get('docker-content-digest') !== image.digest) violations += 1;
        await strong.arrayBuffer();
        const bounded = await ask(`c1/a/manifests/${tag}`);
        if (bounded.status !== 200) missing += 1;
        await bounded.arrayBuffer();
      }
      const tags = await ask('c1/a/tags/list', 'strong');
      expect(((await tags.json()) as { tags: string[] }).tags).to.include('new-3');
      await secondary.startReplication();
      expect({ violations, missing }).to.deep.equal({ violations: 0, missing: 0 });
    });

    it('asks the primary for a repository that it never heard of', async () => {
      await secondary.stopReplication();
      const image = makeImage(50);
      await push({ site: primary.url, name: 'c1/new:v1' }, image);
      const list = await ask('c1/new/tags/list', 'eventual');
      expect(await list.json()).to.deep.equal({ name: 'c1/new', tags: ['v1'] });
      expect(list.headers.get('meridian-source')).to.equal('primary');
      await pull({ site: secondary.url, name: 'c1/new:v1' }, image);
      expect((await ask('c1/none/tags/list', 'eventual')).status).to.equal(404);
      await secondary.startReplication();
    });

    it('never answers an old tag later than the bound, and knows how old it is', async () => {
      const [old, moved] = [makeImage(50), makeImage(50)];
      for (const image of [moved, old]) await pushTo('c2/app:latest', image);
      await isFollowing();
      await secondary.stopReplication();
      const heardMs = line.lastHeardMs;
      const movedAtMs = performance.now();
      await pushManifest({ site: primary.url, name: 'c2/app:latest' }, moved);
      let lastOldMs = 0;
      let worstAgeMs = 0;
      const path = 'c2/app/manifests/latest';
      for (let nowMs = 0; nowMs < BOUND_MS + 500; await sleep(10)) {
        nowMs = performance.now() - movedAtMs;
        const answer = await ask(path, bound);
        await answer.arrayBuffer();
        if (answer.headers.get('docker-content-digest') !== old.digest) continue;
        lastOldMs = nowMs;
        const ageMs = Number(answer.headers.get('meridian-age')) * 1000;
        worstAgeMs = Math.max(worstAgeMs, Math.abs(ageMs - (performance.now() - heardMs)));
      }
      expect(lastOldMs).to.be.within(1, BOUND_MS);
      expect(worstAgeMs).to.be.lessThan(1000);
      await secondary.startReplication();
    });

    it('lives alone while the primary is silent', async () => {
      const image = makeImage(1000, 20_000);
      await pushTo('c3/app:v1', image);
      await isFollowing();
      line.hold();
      const name = 'c3/app:v1';
      await pull({ site: secondary.url, name }, image);
      const asked = Date.now();
      const stale = await ask('c3/app/manifests/v1', 'strong');
      const firstMs = Date.now() - asked;
      expect(stale.status).to.equal(200);
      expect(stale.headers.get('meridian-source')).to.equal('stale');
      expect(stale.headers.get('warning')).to.equal('110 - "Response is Stale"');
      expect(firstMs).to.be.lessThan(1300);
      for (const path of ['c3/app/tags/list', '_catalog', `c3/app/referrers/${image.digest}`]) {
        const list = await ask(path, 'strong');
        expect(list.headers.get('meridian-source'), path).to.equal('stale');
        expect(list.status).to.equal(200);
      }
      expect((await ask('c3/app/manifests/unknown')).status).to.equal(503);
      expect((await ask('c3/none/tags/list')).status).to.equal(503);
      const timesMs = await pullSteadily(() => pull({ site: secondary.url, name }, image));
      const p99Ms = timesMs.sort((a, b) => a - b)[Math.floor(timesMs.length * 0.99)]!;
      expect(p99Ms).to.be.lessThan(1000);
    });

    it('resets where the line is cut, and answers all the same', async () => {
      const image = makeImage(1000);
      await pushTo('c3/cut:v1', image);
      line.cut();
      for (let n = 0; n < 20; n++) {
        const answer = await ask('c3/cut/manifests/v1', 'strong');
        expect(answer.headers.get('meridian-source')).to.equal('stale');
      }
    });

    it('refuses, where the site says so, what it cannot prove', async () => {
      const image = makeImage(100);
      await pushTo('c3/strict:v1', image);
      await secondary.stop();
      const settings = {
        MERIDIAN_CONSISTENCY: 'strong',
        MERIDIAN_WHEN_PRIMARY_AWAY: 'refuse',
      };
      const { ports } = secondary;
      secondary = await startSecondary('lisbon', ports, { primaryUrl: line.url, settings });
      expect((await ask('c3/strict/manifests/v1')).headers.get('meridian-source')).to.equal(
        'primary',
      );
      line.hold();
      for (const path of ['c3/strict/manifests/v1', 'c3/strict/tags/list']) {
        const refused = await ask(path);
        expect(refused.status).to.equal(503);
        expect(refused.headers.has('retry-after')).to.equal(true);
        expect((await ask(path, 'eventual')).status).to.equal(200);
      }
      const blob = await ask(`c3/strict/blobs/${digestOf(image.config)}`);
      expect(blob.status).to.equal(200);
    });
  });
}

/** At an even pace, however long each takes. @returns how long each took */
async function pullSteadily(pullOnce: () => Promise<void>): Promise<number[]> {
  const { perSecond, seconds } = PULLS;
  const running: Promise<number>[] = [];
  const begunMs = performance.now();
  for (let n = 0; n < perSecond * seconds; n++) {
    await sleep(Math.max(0, begunMs + (n * 1000) / perSecond - performance.now()));
    const startMs = performance.now();
    running.push(pullOnce().then(() => performance.now() - startMs));
  }
  return Promise.all(running);
}

async function isWhole({ ports }: TestSite, name: string, image: Image): Promise<boolean> {
  const [repository, tag] = name.split(':') as [string, string];
  const digest = await ports.metadata.findTag(repository as never, tag as never);
  if (digest !== image.digest) return false;
  for (const blob of [image.config, ...image.layers]) {
    if (!(await ports.replicas.findVerified(digestOf(blob)))) return false;
  }
  return true;
}
