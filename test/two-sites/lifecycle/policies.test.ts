import { expect } from 'chai';
import { OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { makeImage, push, pushManifest, send, until } from '../client.ts';
import { openPair, type Pair } from '../pair.ts';

describePolicies('in memory', openMemoryPorts);
describePolicies('on PostgreSQL', openPostgresPorts);

function describePolicies(where: string, openPorts: OpenPorts): void {
  describe(`policies at two sites ${where}`, () => {
    let pair: Pair;

    before(async function () {
      this.timeout(60_000);
      pair = await openPair(openPorts);
      await until('the administrator is known at the secondary', async () => {
        return (await send(`${pair.secondary.url}/api/v1/protections`)).status === 200;
      });
    });
    after(() => pair.close());

    const set = (path: string, body: object) =>
      send(`${pair.secondary.url}/api/v1/${path}`, {
        method: 'PUT',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });

    it('are set at any site, hold for pushes at any, and are shown at each', async () => {
      const { primary, secondary } = pair;
      const rule = { tags: ['v*'], immutable: true };
      expect((await set('protections/releases?path=acme', rule)).status).to.equal(201);
      const listed = await send(`${secondary.url}/api/v1/protections?path=acme`);
      expect(await listed.json()).to.deep.equal({
        protections: [{ name: 'releases', path: 'acme', ...rule }],
      });
      const image = makeImage(500);
      await push({ site: secondary.url, name: 'acme/app:v1' }, image);
      const other = makeImage(500);
      await push({ site: secondary.url, name: 'acme/app:edge' }, other);
      const moved = await send(`${secondary.url}/v2/acme/app/manifests/v1`, {
        method: 'PUT',
        body: other.manifest,
        headers: { 'content-type': OCI_MANIFEST },
      });
      expect(moved.status).to.equal(403);
      expect(await moved.text()).to.contain('the tag acme/app:v1 is immutable');
      const gone = await send(`${secondary.url}/v2/acme/app/manifests/${image.digest}`, {
        method: 'DELETE',
      });
      expect(gone.status).to.equal(403);
      for (const site of [primary, secondary]) {
        const found = await send(`${site.url}/v2/acme/app/manifests/v1`, { method: 'HEAD' });
        expect(found.headers.get('docker-content-digest')).to.equal(image.digest);
      }
    });

    it('count at each site what lies under a quota', async () => {
      const { primary, secondary } = pair;
      expect((await set('quotas?path=beta', { limitBytes: 5000 })).status).to.equal(201);
      const image = makeImage(2000);
      await push({ site: secondary.url, name: 'beta/app:v1' }, image);
      await push({ site: primary.url, name: 'beta/web:v1' }, image);
      const bytes = image.config.length + 2000 + 2 * image.manifest.length;
      for (const { url } of [primary, secondary]) {
        await until('the quota is counted', async () => {
          const answer = await send(`${url}/api/v1/quotas?path=beta`);
          const { quotas } = (await answer.json()) as { quotas: { usedBytes: number }[] };
          return quotas[0]?.usedBytes === bytes;
        });
      }
      const more = await send(`${secondary.url}/v2/beta/app/blobs/uploads/`, { method: 'POST' });
      const refused = await send(new URL(more.headers.get('location')!, secondary.url).href, {
        method: 'PATCH',
        body: Buffer.alloc(5000),
      });
      expect(refused.status).to.equal(403);
      expect(await refused.text()).to.contain('the quota of beta is 5000 bytes');
      await pushManifest({ site: secondary.url, name: 'beta/app:v2' }, image);
    });
  });
}
