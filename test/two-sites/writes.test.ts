import { request } from 'node:http';
import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { openMemoryPorts, openPostgresPorts, type TestPorts } from '../support/ports.ts';
import { type Image, logIn, makeImage, pull, push, pushManifest, send, until } from './client.ts';
import { type CountingProxy, startCountingProxy } from './lines/counting-proxy.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

const MiB = 1024 * 1024;

/** Each request of them at a random site. At full size they are a row of `npm run bench:geo`. */
const PUSHES = 100;

for (const [where, openPorts] of [
  ['in memory', openMemoryPorts],
  ['on PostgreSQL and a file system', openPostgresPorts],
] as const) {
  describe(`writes at a secondary ${where}`, () => {
    const opened: TestPorts[] = [];
    let primary: TestSite;
    let line: CountingProxy;
    let secondary: TestSite;

    const open = async () => {
      const ports = await openPorts();
      opened.push(ports);
      return ports;
    };
    const join = async (name: string) => {
      const joinToken = await invite(primary, name);
      const primaryUrl = line.url;
      const settings = LONG_TOKENS;
      const site = await startSecondary(name, await open(), { primaryUrl, joinToken, settings });
      await until('people can log in here', async () => (await send(`${site.url}/v2/`)).ok);
      return site;
    };

    before(async function () {
      this.timeout(60_000);
      primary = await startPrimary('tokyo', await open(), LONG_TOKENS);
      line = await startCountingProxy(primary.url);
      secondary = await join('lisbon');
    });

    after(async () => {
      await secondary.stop();
      await primary.stop();
      line.close();
      await Promise.all(opened.map((ports) => ports.close()));
    });

    for (const [how, chunkBytes] of [
      ['in one piece', undefined],
      ['in chunks', 3 * MiB],
    ] as const) {
      it(`keeps what it passes on, ${how}: the bytes cross the line once`, async () => {
        const image = makeImage(8 * MiB, 4 * MiB, 0);
        const sizeBytes = 12 * MiB;
        line.reset();
        const name = `acme/kept:${chunkBytes ?? 'whole'}`;
        await push({ site: secondary.url, name, chunkBytes }, image);
        await until('all blobs are verified here', () => hasBlobs(secondary, image));
        await pull({ site: secondary.url, name }, image);
        expect(line.count.toTarget).to.be.within(sizeBytes, sizeBytes * 1.02);
        expect(line.count.fromTarget).to.be.below(sizeBytes * 0.02);
        expect(await stagings(secondary)).to.deep.equal([]);
      });
    }

    it('keeps a blob that comes whole with the POST', async () => {
      const content = makeImage(MiB).layers[0]!;
      const digest = digestOf(content);
      line.reset();
      const url = `${secondary.url}/v2/acme/kept/blobs/uploads/?digest=${digest}`;
      expect((await send(url, { method: 'POST', body: content })).status).to.equal(201);
      await until('it is verified here', () => isVerified(secondary, digest));
      expect(line.count.fromTarget).to.be.below(MiB * 0.02);
    });

    it('keeps nothing of what the primary refuses, or the client cancels', async () => {
      const content = makeImage(1000).layers[0]!;
      const wrong = digestOf('other bytes');
      const begin = async () => {
        const begun = await send(`${secondary.url}/v2/acme/kept/blobs/uploads/`, {
          method: 'POST',
        });
        return new URL(begun.headers.get('location')!, secondary.url).href;
      };
      const refused = await send(`${await begin()}&digest=${wrong}`, {
        method: 'PUT',
        body: content,
      });
      expect(refused.status).to.equal(400);
      const cancelled = await begin();
      expect((await send(cancelled, { method: 'PATCH', body: content })).status).to.equal(202);
      expect((await stagings(secondary)).length).to.be.within(1, 2);
      expect((await send(cancelled, { method: 'DELETE' })).status).to.equal(204);
      await until('nothing is left', async () => (await stagings(secondary)).length === 0);
      expect(await secondary.ports.blobStore.find(digestOf(content))).to.equal(undefined);
    });

    it('keeps nothing of a whole blob that broke off: nobody can go on with it', async () => {
      const begun = (await stagings(secondary)).length;
      const repository = 'acme/broken';
      const token = await logIn(secondary.url, repository);
      const digest = digestOf('never sent');
      const client = request(`${secondary.url}/v2/${repository}/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-length': 2 * MiB },
      });
      client.on('error', () => undefined);
      client.write(Buffer.alloc(MiB));
      const isBegun = async () => (await stagings(secondary)).length > begun;
      await until('the first bytes are here', isBegun);
      client.destroy();
      await until('they are gone', async () => !(await isBegun()));
    });

    it('passes on what it has no room for, and fetches it later', async () => {
      const { blobStore } = secondary.ports;
      const image = makeImage(2 * MiB);
      const append = blobStore.append.bind(blobStore);
      blobStore.append = async () => {
        throw new Error('no room here');
      };
      try {
        await push({ site: secondary.url, name: 'acme/full:v1' }, image);
      } finally {
        blobStore.append = append;
      }
      await pull({ site: secondary.url, name: 'acme/full:v1' }, image);
    });

    it('lets an account that was made here log in here at once', async () => {
      for (let n = 0; n < 5; n++) {
        const made = await send(`${secondary.url}/api/v1/accounts/ann-${n}`, {
          method: 'PUT',
          body: JSON.stringify({ password: PASSWORD }),
          headers: { 'content-type': 'application/json' },
        });
        expect(made.status, await made.text()).to.equal(201);
        expect(made.headers.has('meridian-position')).to.equal(false);
        const basic = Buffer.from(`ann-${n}:${PASSWORD}`).toString('base64');
        const known = await fetch(`${secondary.url}/v2/`, {
          headers: { authorization: `Basic ${basic}` },
        });
        expect(known.status).to.equal(200);
      }
    });

    it(`takes ${PUSHES} pushes whose every request goes to a random site`, async function () {
      this.timeout(60_000 + PUSHES * 500);
      const third = await join('oslo');
      const sites = [primary.url, secondary.url, third.url];
      try {
        for (let n = 0; n < PUSHES; n++) {
          const image = makeImage(20_000 + n);
          const name = `random/app-${n % 10}:v${n}`;
          await pushAnywhere(sites, name, { image, chunkBytes: n % 2 ? 7000 : undefined });
          for (const site of sites) await pull({ site, name }, image);
        }
      } finally {
        await third.stop();
      }
    });
  });
}

/** The test's own clients never ask for a token twice. */
const LONG_TOKENS = { MERIDIAN_TOKEN_LIFETIME: '24h' };

interface Pushed {
  readonly image: Image;
  readonly chunkBytes: number | undefined;
}

/** A push of which each single request goes to some site. */
async function pushAnywhere(sites: readonly string[], name: string, { image, chunkBytes }: Pushed) {
  const [repository] = name.split(':') as [string];
  const anywhere = () => sites[Math.floor(Math.random() * sites.length)]!;
  for (const blob of [image.config, ...image.layers]) {
    const step = async (path: string, init: RequestInit) => {
      const answer = await send(new URL(path, anywhere()).href, init);
      expect(answer.status, await answer.text()).to.be.oneOf([201, 202]);
      return answer.headers.get('location')!;
    };
    let path = await step(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    for (const chunk of cut(blob, chunkBytes)) {
      path = await step(path, { method: 'PATCH', body: chunk });
    }
    const body = chunkBytes ? null : blob;
    await step(`${path}&digest=${digestOf(blob)}`, { method: 'PUT', body });
  }
  await pushManifest({ site: anywhere(), name }, image);
}

function cut(blob: Buffer, chunkBytes = blob.length): Buffer[] {
  if (chunkBytes === blob.length) return [];
  const count = Math.ceil(blob.length / chunkBytes);
  return Array.from({ length: count }, (_, n) =>
    blob.subarray(n * chunkBytes).subarray(0, chunkBytes),
  );
}

const PASSWORD = 'a-long-enough-password';

async function invite(primary: TestSite, name: string): Promise<string> {
  const answer = await send(`${primary.url}/api/v1/sites`, {
    method: 'POST',
    body: JSON.stringify({ name }),
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).to.equal(201);
  return ((await answer.json()) as { joinToken: string }).joinToken;
}

async function hasBlobs(site: TestSite, { config, layers }: Image): Promise<boolean> {
  const found = [config, ...layers].map((blob) => isVerified(site, digestOf(blob)));
  return (await Promise.all(found)).every(Boolean);
}

async function isVerified({ ports }: TestSite, digest: ReturnType<typeof digestOf>) {
  const verified = await ports.replicas.findVerified(digest);
  return verified !== undefined && (await ports.blobStore.find(digest)) !== undefined;
}

/** Names of what was pushed and is not done. */
async function stagings({ ports }: TestSite): Promise<string[]> {
  const names = await ports.blobStore.listStagings(new Date(Date.now() + 1000));
  return names.filter((name) => name.startsWith('push-'));
}
