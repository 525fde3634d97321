import { expect } from 'chai';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-type.ts';
import type { GarbageStatus } from '../../../../src/registry/garbage/garbage.ts';
import type { GarbageRun } from '../../../../src/storage/garbage-bin.ts';
import { INDEX, indexOf } from '../../../support/content.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../../../support/ports.ts';
import {
  type Image,
  makeImage,
  pull,
  push,
  pushManifest,
  send,
} from '../../../two-sites/client.ts';
import { ADMIN, startPrimary, type TestSite } from '../../../two-sites/site.ts';

/** For two repositories at once, as a mount needs it. */
const BASIC = `Basic ${Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64')}`;

/** Nothing waits, and nothing can be brought back. */
const AT_ONCE = { MERIDIAN_GARBAGE_DELAY: '0s', MERIDIAN_GARBAGE_WINDOW: '0s' };
const WITH_UNTAGGED = { MERIDIAN_GARBAGE_DELAY: '0s', MERIDIAN_GARBAGE_UNTAGGED: 'true' };

describeGarbage('in memory', openMemoryPorts, false);
describeGarbage('on PostgreSQL and a file system', openPostgresPorts, true);

function describeGarbage(where: string, openPorts: OpenPorts, isBrief: boolean): void {
  describe(`/api/v1/garbage ${where}`, () => {
    let ports: TestPorts;
    let site: TestSite;

    beforeEach(async () => {
      ports = await openPorts();
      site = await startPrimary('tokyo', ports);
    });
    afterEach(async () => {
      await site.stop();
      await ports.close();
    });

    /** The same site, started anew with other settings. */
    const restart = async (settings: Readonly<Record<string, string>>) => {
      await site.stop();
      site = await startPrimary('tokyo', ports, settings);
    };
    const ask = (path: string, body?: object) =>
      send(`${site.url}/api/v1/garbage${path}`, {
        method: body ? 'POST' : 'GET',
        ...(body ? { body: JSON.stringify(body) } : {}),
        headers: { 'content-type': 'application/json' },
      });
    const run = async (body: object = {}) => {
      const answer = await ask('/run', body);
      expect(answer.status, await answer.clone().text()).to.equal(200);
      return (await answer.json()) as GarbageRun;
    };
    /** Runs until there is nothing to collect; what was queued in this very moment comes next. */
    const collectAll = async () => {
      for (let quiet = 0; quiet < 3; ) {
        const { manifests, links, blobs } = await run();
        quiet = manifests + links + blobs === 0 ? quiet + 1 : 0;
      }
    };
    const ways = async (method: string, path: string, init: RequestInit = {}) =>
      (await send(`${site.url}/v2/${path}`, { ...init, method })).status;
    const pushTo = async (name: string): Promise<Image> => {
      const image = makeImage(500);
      await push({ site: site.url, name }, image);
      return image;
    };
    const expectWhole = async (repository: string, image: Image) => {
      expect(await ways('GET', `${repository}/manifests/${image.digest}`)).to.equal(200);
      for (const digest of blobsOf(image)) {
        expect(await ways('GET', `${repository}/blobs/${digest}`)).to.equal(200);
      }
    };
    const countHeld = async (digests: readonly Digest[]) => {
      const found = await Promise.all(digests.map((digest) => ports.blobStore.find(digest)));
      return found.filter(Boolean).length;
    };

    it('collects what was deleted once the delay is over, and not before', async () => {
      const image = await pushTo('acme/app:v1');
      const kept = await pushTo('acme/app:v2');
      expect(await ways('DELETE', `acme/app/manifests/${image.digest}`)).to.equal(202);
      expect(await run()).to.deep.include({ manifests: 0, links: 0, blobs: 0, isWhole: true });
      expect(await ways('GET', `acme/app/blobs/${blobsOf(image)[0]}`)).to.equal(200);

      await restart({ MERIDIAN_GARBAGE_DELAY: '0s' });
      const report = await run();
      expect(report).to.deep.include({ manifests: 0, links: 2, blobs: 0, freedBytes: 0 });
      expect(await ways('GET', `acme/app/blobs/${blobsOf(image)[0]}`)).to.equal(404);
      expect(await countHeld(blobsOf(image)), 'bytes within the window').to.equal(2);

      await restart(AT_ONCE);
      const bytes = image.config.length + 500;
      expect(await run()).to.deep.include({ links: 0, blobs: 2, freedBytes: bytes });
      expect(await countHeld(blobsOf(image))).to.equal(0);
      await pull({ site: site.url, name: 'acme/app:v2' }, kept);

      const status = (await (await ask('')).json()) as GarbageStatus;
      expect(status.lastRun).to.deep.include({ blobs: 2, freedBytes: bytes, isDryRun: false });
      expect(status.queue.blob).to.deep.equal({ waiting: 0, due: 0 });
    });

    it('takes what a dry run shows, and nothing else', async () => {
      const image = await pushTo('acme/app:v1');
      await pushTo('acme/app:v2');
      const untagged = await pushTo('acme/app:v3');
      await ways('DELETE', 'acme/app/manifests/v3');
      await ways('DELETE', `acme/app/manifests/${image.digest}`);
      await restart(WITH_UNTAGGED);
      const shown = await run({ dryRun: true });
      expect(shown.items!.map(({ digest }) => digest)).to.have.members([
        untagged.digest,
        ...blobsOf(image),
      ]);
      expect(await run({ dryRun: true })).to.deep.include({ manifests: 1, links: 2, blobs: 0 });
      const head = await ports.changeLog.head();
      const { manifests, links, blobs } = await run();
      expect({ manifests, links, blobs }).to.deep.equal({ manifests: 1, links: 2, blobs: 0 });
      const changes = await ports.changeLog.list({ after: head, limit: 9 });
      const gone = changes.map(({ fact }) => ('digest' in fact ? fact.digest : ''));
      expect(gone).to.have.members(shown.items!.map(({ digest }) => digest));
    });

    it('loses nothing of pushes and mounts that go on meanwhile (A42)', async function () {
      this.timeout(30_000);
      await restart({ ...AT_ONCE, ...WITH_UNTAGGED, MERIDIAN_GARBAGE_DELAY: '200ms' });
      const shared = makeImage(500);
      const pushes = Array.from({ length: 12 }, (_, n) => pushPatiently(site.url, n, shared));
      const pushing = { isOver: false };
      const collecting = (async () => {
        while (!pushing.isOver) await run();
      })();
      await Promise.all(pushes);
      pushing.isOver = true;
      await collecting;
      await collectAll();
      for (const n of pushes.keys()) {
        const name = `acme/app-${n % 3}:v${n}`;
        expect((await send(`${site.url}/v2/${name.replace(':', '/manifests/')}`)).status).to.equal(
          200,
        );
        await pull({ site: site.url, name }, shared);
      }
    });

    // What differs between the makers is said by their contract.
    if (isBrief) return;

    it('keeps what a tag, an index or a subject holds', async () => {
      const tagged = await pushTo('acme/app:v1');
      const child = await pushTo('acme/app:child');
      const index = indexOf([child.digest]);
      const headers = { 'content-type': INDEX };
      const put = { body: index.content, headers };
      expect(await ways('PUT', 'acme/app/manifests/multi', put)).to.equal(201);
      expect(await ways('DELETE', 'acme/app/manifests/child')).to.equal(202);
      const signature = signatureOf(tagged);
      await push({ site: site.url, name: 'acme/app:signature' }, signature);
      expect(await ways('DELETE', 'acme/app/manifests/signature')).to.equal(202);
      await restart({ ...AT_ONCE, ...WITH_UNTAGGED });
      await collectAll();
      await pull({ site: site.url, name: 'acme/app:v1' }, tagged);
      for (const image of [child, signature]) await expectWhole('acme/app', image);
      expect(await ways('DELETE', `acme/app/manifests/${tagged.digest}`)).to.equal(202);
      await collectAll();
      expect(await ways('GET', `acme/app/manifests/${signature.digest}`)).to.equal(404);
      expect(await countHeld([...blobsOf(tagged), ...blobsOf(signature)])).to.equal(0);
    });

    it('brings back what a run took, for as long as its bytes are there', async () => {
      const image = await pushTo('acme/app:v1');
      await ways('DELETE', 'acme/app/manifests/v1');
      await restart(WITH_UNTAGGED);
      const { id } = await run();
      await run();
      expect(await ways('GET', `acme/app/manifests/${image.digest}`)).to.equal(404);
      const answer = await ask('/undo', { run: id });
      expect(await answer.json()).to.deep.equal({ links: 0, manifests: 1, tooLate: 0 });
      await expectWhole('acme/app', image);
      await collectAll();
      await restart({ ...AT_ONCE, ...WITH_UNTAGGED });
      await ports.garbageBin.recordRun(await run({ dryRun: true }));
      expect(await ways('GET', `acme/app/manifests/${image.digest}`)).to.equal(404);
      await collectAll();
      const late = await ask('/undo', { repository: 'acme/app' });
      expect(await late.json()).to.deep.include({ links: 0, manifests: 0 });
      expect(await countHeld(blobsOf(image))).to.equal(0);
    });

    it('finds bytes that a push left behind before it linked them', async () => {
      const bytes = Buffer.from('nobody ever linked this');
      await ports.blobStore.append('left-behind', { offset: 0, content: chunksOf(bytes) });
      await ports.blobStore.commit('left-behind', digestOf(bytes));
      await restart(AT_ONCE);
      await run();
      expect(await countHeld([digestOf(bytes)])).to.equal(1);
      await run({ sweep: true });
      await collectAll();
      expect(await countHeld([digestOf(bytes)])).to.equal(0);
    });

    it('never gives back a blob that one repository lost and another has (A41)', async () => {
      const image = await pushTo('acme/one:v1');
      await push({ site: site.url, name: 'acme/two:v1' }, image);
      const [config] = blobsOf(image);
      expect(await ways('GET', `acme/one/blobs/${config}`)).to.equal(200);
      expect(await ways('DELETE', `acme/one/blobs/${config}`)).to.equal(202);
      await restart(AT_ONCE);
      for (let rounds = 0; rounds < 3; rounds += 1) {
        expect(await ways('GET', `acme/two/blobs/${config}`)).to.equal(200);
        expect(await ways('HEAD', `acme/one/blobs/${config}`)).to.equal(404);
        expect(await ways('GET', `acme/one/blobs/${config}`)).to.equal(404);
        await run({ sweep: true });
      }
      await pull({ site: site.url, name: 'acme/two:v1' }, image);
    });

    it('lets a blob go that live manifests name, in that repository alone (A44)', async () => {
      const image = await pushTo('acme/one:v1');
      await push({ site: site.url, name: 'acme/two:v1' }, image);
      const [config] = blobsOf(image);
      expect(await ways('DELETE', `acme/one/blobs/${config}`)).to.equal(202);
      expect(await ways('DELETE', `acme/one/blobs/${config}`)).to.equal(404);
      await restart(AT_ONCE);
      await collectAll();
      expect(await ways('GET', 'acme/one/manifests/v1')).to.equal(200);
      expect(await ways('GET', `acme/one/blobs/${config}`)).to.equal(404);
      await pull({ site: site.url, name: 'acme/two:v1' }, image);
      await push({ site: site.url, name: 'acme/one:v1' }, image);
      await pull({ site: site.url, name: 'acme/one:v1' }, image);
    });

    it('refuses whoever does not administer, and what it does not understand', async () => {
      for (const path of ['/run', '/undo']) {
        const url = `${site.url}/api/v1/garbage${path}`;
        const headers = { 'content-type': 'application/json' };
        expect((await fetch(url, { method: 'POST', body: '{}', headers })).status).to.equal(401);
      }
      expect((await fetch(`${site.url}/api/v1/garbage`)).status).to.equal(401);
      expect((await ask('/run', { wet: true })).status).to.equal(400);
      expect((await ask('/undo', { run: 'yesterday' })).status).to.equal(400);
      expect((await ask('/undo', { repository: 'No Name' })).status).to.equal(400);
    });
  });
}

function blobsOf({ config, layers }: Image): Digest[] {
  return [config, ...layers].map((one) => digestOf(one));
}

/** One image under many tags; what is collected in between is sent again, as people do. */
async function pushPatiently(site: string, n: number, image: Image): Promise<void> {
  const target = { site, name: `acme/app-${n % 3}:v${n}` };
  const [repository] = target.name.split(':');
  const others = [0, 1, 2].map((other) => `acme/app-${other}`);
  for (let tries = 1, isPushed = false; !isPushed; tries += 1) {
    for (const blob of [image.config, ...image.layers]) {
      const from = others[(n + tries) % 3]!;
      const query = new URLSearchParams({ mount: digestOf(blob), from });
      const url = `${site}/v2/${repository}/blobs/uploads/?${query.toString()}`;
      const begun = await send(url, { method: 'POST', headers: { authorization: BASIC } });
      if (begun.status === 201) continue;
      expect(begun.status, await begun.text()).to.equal(202);
      const location = new URL(begun.headers.get('location')!, site);
      location.searchParams.set('digest', digestOf(blob));
      const done = await send(location.href, { method: 'PUT', body: blob });
      expect(done.status, await done.text()).to.be.oneOf([201, 503]);
    }
    isPushed = await pushManifest(target, image).then(
      () => true,
      () => false,
    );
  }
}

function signatureOf({ digest, manifest }: Image): Image {
  const image = makeImage(100);
  const body = JSON.parse(image.manifest.toString()) as object;
  const subject = { mediaType: OCI_MANIFEST, digest, size: manifest.length };
  const content = Buffer.from(JSON.stringify({ ...body, subject }));
  return { ...image, manifest: content, digest: digestOf(content) };
}

async function* chunksOf(bytes: Buffer): AsyncIterable<Uint8Array> {
  yield bytes;
}
