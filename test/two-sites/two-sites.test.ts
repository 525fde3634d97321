import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../support/ports.ts';
import { type Image, invite, makeImage, pull, push, pushManifest, send, until } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

describeTwoSites('in memory', openMemoryPorts);
describeTwoSites('on PostgreSQL and a file system', openPostgresPorts);

function describeTwoSites(where: string, openPorts: OpenPorts): void {
  describe(`two sites ${where}`, () => {
    const opened: TestPorts[] = [];
    let primary: TestSite;
    let secondary: TestSite;

    const open = async () => {
      const ports = await openPorts();
      opened.push(ports);
      return ports;
    };

    before(async function () {
      this.timeout(60_000);
      primary = await startPrimary('tokyo', await open());
      secondary = await startSecondary('lisbon', await open(), {
        primaryUrl: primary.url,
        joinToken: await invite(primary, 'lisbon'),
      });
    });

    after(async () => {
      await secondary.stop();
      await primary.stop();
      await Promise.all(opened.map((ports) => ports.close()));
    });

    it('brings a push at the primary to the secondary: the tag, then every byte', async () => {
      const image = makeImage(1000, 300_000);
      await push({ site: primary.url, name: 'acme/app:v1' }, image);
      await until('the manifest is here', () => hasManifest(secondary, 'acme/app', image));
      await until('all blobs are verified here', () => hasBlobs(secondary, image));
      await until('the ledger is empty', () => isLedgerEmpty(secondary));
      await pull({ site: secondary.url, name: 'acme/app:v1' }, image);
    });

    it('answers at the secondary what has not arrived yet, through the fill', async () => {
      await secondary.stopReplication();
      const image = makeImage(500_000);
      await push({ site: primary.url, name: 'acme/app:unseen' }, image);
      await pull({ site: secondary.url, name: 'acme/app:unseen' }, image);
      await until('what was read is kept', () => hasBlobs(secondary, image));
      await secondary.startReplication();
      await until('the manifest is here', () => hasManifest(secondary, 'acme/app', image));
    });

    for (const [how, chunkBytes] of [
      ['in one piece', undefined],
      ['in chunks', 70_000],
    ] as const) {
      it(`takes a push at the secondary, ${how}, and passes it on`, async () => {
        const image = makeImage(200_000, 0);
        await push(
          { site: secondary.url, name: `acme/forwarded:${chunkBytes}`, chunkBytes },
          image,
        );
        await pull({ site: primary.url, name: `acme/forwarded:${chunkBytes}` }, image);
        await pull({ site: secondary.url, name: `acme/forwarded:${chunkBytes}` }, image);
      });
    }

    it('reads at the secondary what was just moved or deleted through it', async () => {
      const images = Array.from({ length: 10 }, () => makeImage(100));
      for (const image of images) {
        await push({ site: secondary.url, name: 'acme/moving:latest' }, image);
        await pull({ site: secondary.url, name: 'acme/moving:latest' }, image);
      }
      const url = `${secondary.url}/v2/acme/moving/manifests/latest`;
      expect((await send(url, { method: 'DELETE' })).status).to.equal(202);
      expect((await send(url)).status).to.equal(404);
    });

    it('passes on what the primary says against a write', async () => {
      const image = makeImage(10);
      const answer = await send(`${secondary.url}/v2/acme/none/manifests/v1`, {
        method: 'PUT',
        body: image.manifest,
        headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      });
      expect(answer.status).to.equal(404);
      const { errors } = (await answer.json()) as { errors: { code: string }[] };
      expect(errors.map(({ code }) => code)).to.deep.equal([
        'MANIFEST_BLOB_UNKNOWN',
        'MANIFEST_BLOB_UNKNOWN',
      ]);
    });

    it('refuses at the secondary itself whoever may not, before a byte is passed on', async () => {
      const url = `${secondary.url}/v2/acme/app/blobs/uploads/`;
      const answer = await fetch(url, { method: 'POST' });
      expect(answer.status).to.equal(401);
      expect(answer.headers.get('www-authenticate')).to.contain(secondary.url);
    });

    it('says that nothing is there only after asking the primary', async () => {
      const unknown = digestOf('nobody has this');
      for (const path of ['manifests/none', `manifests/${unknown}`, `blobs/${unknown}`]) {
        expect((await send(`${secondary.url}/v2/acme/app/${path}`)).status).to.equal(404);
      }
    });

    it('lets no client token open the feed, and no site token write', async () => {
      const url = `${primary.url}/api/v1/feed?after=0`;
      expect((await fetch(url)).status).to.equal(403);
      expect((await send(url)).status).to.equal(403);
      const forged = { authorization: 'Meridian-Site e30.e30.e30' };
      expect((await fetch(url, { headers: forged })).status).to.equal(401);
    });

    it('refuses a join token that was used, and one of another site', async () => {
      const body = JSON.stringify({ site: 'oslo', url: 'http://oslo.test', publicKey: KEY });
      const join = (token: string) =>
        fetch(`${primary.url}/api/v1/sites/join`, {
          method: 'POST',
          body,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        });
      expect((await join(await invite(primary, 'bergen'))).status).to.equal(401);
      const token = await invite(primary, 'oslo');
      expect((await join(token)).status).to.equal(200);
      expect((await join(token)).status).to.equal(401);
      expect((await join('none')).status).to.equal(401);
    });

    it('fills a ledger that was lost with what is still wanted', async () => {
      const image = makeImage(400_000);
      await secondary.stopReplication();
      await push({ site: primary.url, name: 'acme/app:late' }, image);
      await secondary.startReplication();
      await until('the manifest is here', () => hasManifest(secondary, 'acme/app', image));
      // A new process with an empty memory: only the facts know what is wanted.
      await until('all blobs are verified here', () => hasBlobs(secondary, image));
      const layer = digestOf(image.layers[0]!);
      await secondary.ports.replicas.recordLost(layer);
      await secondary.ports.blobStore.delete(layer);
      await secondary.stopReplication();
      await secondary.startReplication();
      await until('the lost blob is here again', () => hasBlobs(secondary, image));
    });

    it('is up to date soon after a long silence', async () => {
      await secondary.stopReplication();
      const images = Array.from({ length: 20 }, () => makeImage(50));
      for (const [n, image] of images.entries())
        await push({ site: primary.url, name: `acme/many:v${n}` }, image);
      await secondary.startReplication();
      await until('the position is the same', () => isCaughtUp(primary, secondary));
      for (const image of images)
        await until('its bytes are here', () => hasBlobs(secondary, image));
    });

    it('stops writing when it hears of a higher epoch', async () => {
      const ports = await open();
      const site = await startPrimary('old', ports);
      await site.geo.role.hear(7);
      const answer = await send(`${site.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
      const location = new URL(answer.headers.get('location')!, site.url);
      location.searchParams.set('digest', digestOf('x'));
      expect((await send(location.href, { method: 'PUT', body: 'x' })).status).to.equal(503);
      expect(await ports.sites.getRole()).to.deep.equal({ role: 'secondary', epoch: 7 });
      await site.stop();
    });

    describe('with the primary away', () => {
      const image: Image = makeImage(1000, 100_000);
      let blackHole: Server;
      const sockets: Socket[] = [];
      let alone: TestSite;

      before(async () => {
        await push({ site: primary.url, name: 'acme/app:kept' }, image);
        await until('the manifest is here', () => hasManifest(secondary, 'acme/app', image));
        await until('all blobs are verified here', () => hasBlobs(secondary, image));
        await secondary.stop();
        blackHole = createServer((socket) => sockets.push(socket));
        await new Promise<void>((resolve) => blackHole.listen(0, '127.0.0.1', resolve));
        const { port } = blackHole.address() as AddressInfo;
        // A restart: it has joined, so it needs neither the token nor the primary.
        const primaryUrl = `http://127.0.0.1:${port}`;
        alone = await startSecondary('lisbon', secondary.ports, { primaryUrl });
      });

      after(async () => {
        await alone.stop();
        for (const socket of sockets) socket.destroy();
        blackHole.close();
        secondary = await startSecondary('lisbon', secondary.ports, { primaryUrl: primary.url });
      });

      it('serves what is here, with login, at once', async () => {
        const begun = Date.now();
        for (let n = 0; n < 20; n++) await pull({ site: alone.url, name: 'acme/app:kept' }, image);
        expect(Date.now() - begun).to.be.lessThan(3000);
      });

      it('answers 503 where it cannot know, late at most once', async function () {
        this.timeout(30_000);
        const url = `${alone.url}/v2/acme/app/manifests/unknown`;
        expect((await send(url)).status).to.equal(503);
        const begun = Date.now();
        for (let n = 0; n < 50; n++) expect((await send(url)).status).to.equal(503);
        expect(Date.now() - begun).to.be.lessThan(1500);
        const answer = await send(url);
        expect(answer.status).to.equal(503);
        expect(answer.headers.get('retry-after')).to.match(/^[0-9]+$/);
        expect(await answer.text()).to.contain('the primary site cannot be reached');
      });

      it('answers 503 to a write', async () => {
        const url = `${alone.url}/v2/acme/app/blobs/uploads/`;
        const answer = await send(url, { method: 'POST' });
        expect(answer.status).to.equal(503);
        expect(answer.headers.has('retry-after')).to.equal(true);
      });
    });

    it('goes on where it stood when the primary is back', async () => {
      const image = makeImage(2000);
      await push({ site: primary.url, name: 'acme/app:back' }, image);
      await until('the manifest is here', () => hasManifest(secondary, 'acme/app', image));
      await pushManifest({ site: secondary.url, name: 'acme/app:again' }, image);
      await pull({ site: secondary.url, name: 'acme/app:again' }, image);
    });
  });
}

/** The example key of RFC 7517, appendix A.1. */
const KEY = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
};

async function hasManifest({ ports }: TestSite, repository: string, { digest }: Image) {
  return (await ports.metadata.findManifest(repository as never, digest)) !== undefined;
}

async function hasBlobs({ ports }: TestSite, { config, layers }: Image): Promise<boolean> {
  for (const blob of [config, ...layers]) {
    const digest = digestOf(blob);
    if (!(await ports.replicas.findVerified(digest))) return false;
    if (!(await ports.blobStore.find(digest))) return false;
  }
  return true;
}

async function isLedgerEmpty({ ports }: TestSite): Promise<boolean> {
  const { objects, bytes } = await ports.ledger.status();
  return bytes === 0 && objects.demand + objects.fresh + objects.backfill === 0;
}

async function isCaughtUp(primary: TestSite, secondary: TestSite): Promise<boolean> {
  const heads = [primary, secondary].map(({ ports }) => ports.changeLog.head());
  const [head, here] = await Promise.all(heads);
  return head === here;
}
