import { expect } from 'chai';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../support/ports.ts';
import { type Image, makeImage, pull, push, send, until } from './client.ts';
import { openPair, type Pair } from './pair.ts';
import type { TestSite } from './site.ts';

describeOrders('in memory', openMemoryPorts);
describeOrders('on PostgreSQL and a file system', openPostgresPorts);

interface Listed {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly outcome?: string;
}

function describeOrders(where: string, openPorts: OpenPorts): void {
  describe(`orders at two sites ${where}`, () => {
    let pair: Pair;
    let primary: TestSite;
    let secondary: TestSite;

    before(async function () {
      this.timeout(60_000);
      pair = await openPair(openPorts);
      ({ primary, secondary } = pair);
    });

    after(() => pair.close());

    const isHere = async (digest: Digest) =>
      (await secondary.ports.replicas.findVerified(digest)) !== undefined &&
      (await secondary.ports.blobStore.find(digest)) !== undefined;
    const pushEverywhere = async (name: string): Promise<Image> => {
      const image = makeImage(5000);
      await push({ site: primary.url, name }, image);
      for (const blob of [image.config, ...image.layers]) {
        await until('the blob is here', () => isHere(digestOf(blob)));
      }
      return image;
    };
    it('brings again what the store lost, where a site is told to resync', async () => {
      const image = await pushEverywhere('acme/lost:v1');
      const layer = digestOf(image.layers[0]!);
      await secondary.ports.blobStore.delete(layer);
      const id = await giveOrder(primary, 'lisbon', { kind: 'resync' });
      const { state, outcome } = await settled(secondary, 'lisbon', id);
      expect(state).to.equal('done');
      expect(outcome).to.match(/ 1 are not here$/);
      await until('the layer is here again', () => isHere(layer));
    });

    it('finds and heals what is gone, where an image is to be verified again', async () => {
      const image = await pushEverywhere('acme/image:v1');
      const layer = digestOf(image.layers[0]!);
      await secondary.ports.blobStore.delete(layer);
      const { digest } = image;
      const wanted = { kind: 'reverify', repository: 'acme/image', digest };
      const id = await giveOrder(secondary, 'lisbon', wanted);
      // It was passed on and waited for: this site knows of it already.
      expect((await listOrders(secondary, 'lisbon')).map((order) => order.id)).to.include(id);
      const { outcome } = await settled(secondary, 'lisbon', id);
      expect(outcome).to.match(/^2 blobs of [0-9]+ bytes were read: 1 damaged, 0 could not/);
      await until('the layer is here again', () => isHere(layer));
      await pull({ site: secondary.url, name: 'acme/image:v1' }, image);
    });

    it('verifies a repository, and the whole site, without inventing damage', async () => {
      await pushEverywhere('acme/sound:v1');
      for (const wanted of [{ repository: 'acme/sound' }, {}]) {
        const id = await giveOrder(primary, 'lisbon', { kind: 'reverify', ...wanted });
        const { state, outcome } = await settled(secondary, 'lisbon', id);
        expect(state).to.equal('done');
        expect(outcome).to.match(/ 0 damaged, 0 could not be read$/);
      }
    });

    it('says what is damaged at a primary, and leaves it there', async () => {
      const image = await pushEverywhere('acme/primary:v1');
      const layer = digestOf(image.layers[0]!);
      await primary.ports.blobStore.delete(layer);
      const id = await giveOrder(primary, 'tokyo', { kind: 'reverify' });
      const { state, outcome } = await settled(primary, 'tokyo', id);
      expect(state).to.equal('done');
      expect(outcome).to.match(/ 1 damaged, 0 could not be read$/);
      // It stays wanted nowhere, and the secondary keeps its copy.
      expect(await isHere(layer)).to.equal(true);
    });

    it('keeps an order until a process of the site leads again', async () => {
      await secondary.stopReplication();
      const id = await giveOrder(primary, 'lisbon', { kind: 'resync', repository: 'acme/sound' });
      await secondary.startReplication();
      expect((await settled(secondary, 'lisbon', id)).state).to.equal('done');
    });

    it('says that an order failed, and why', async () => {
      const digest = digestOf('no such manifest');
      const wanted = { kind: 'reverify', repository: 'acme/none', digest };
      const id = await giveOrder(primary, 'lisbon', wanted);
      const { state, outcome } = await settled(secondary, 'lisbon', id);
      expect(state).to.equal('failed');
      expect(outcome).to.equal(`acme/none@${digest} is not known here`);
    });

    it('takes orders of administrators alone, for sites that are there', async () => {
      const path = `${primary.url}/api/v1/sites/lisbon/orders`;
      expect((await fetch(path)).status).to.equal(401);
      expect((await fetch(path, { method: 'POST' })).status).to.equal(401);
      expect((await post(primary, 'rome', { kind: 'resync' })).status).to.equal(404);
      expect((await post(primary, 'lisbon', { kind: 'forget' })).status).to.equal(400);
      const digest = digestOf('x');
      expect((await post(primary, 'lisbon', { kind: 'resync', digest })).status).to.equal(400);
      // What became of an order is known where it is carried out.
      expect((await send(path)).status).to.equal(404);
    });
  });
}

function post({ url }: TestSite, site: string, order: unknown): Promise<Response> {
  return send(`${url}/api/v1/sites/${site}/orders`, {
    method: 'POST',
    body: JSON.stringify(order),
    headers: { 'content-type': 'application/json' },
  });
}

async function giveOrder(at: TestSite, site: string, order: unknown): Promise<string> {
  const answer = await post(at, site, order);
  expect(answer.status).to.equal(202);
  return ((await answer.json()) as { id: string }).id;
}

async function listOrders({ url }: TestSite, site: string): Promise<Listed[]> {
  const answer = await send(`${url}/api/v1/sites/${site}/orders`);
  expect(answer.status).to.equal(200);
  return ((await answer.json()) as { orders: Listed[] }).orders;
}

/** Waits until the site says what became of the order. */
async function settled(site: TestSite, name: string, id: string): Promise<Listed> {
  let found: Listed | undefined;
  await until('the order is settled', async () => {
    found = (await listOrders(site, name)).find((order) => order.id === id);
    return found !== undefined && found.state !== 'waiting';
  });
  return found!;
}
