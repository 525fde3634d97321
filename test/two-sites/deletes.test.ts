import { Readable } from 'node:stream';
import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../support/ports.ts';
import { type Image, makeImage, pull, push, send, until } from './client.ts';
import { openPair, type Pair } from './pair.ts';
import type { TestSite } from './site.ts';

describeDeletes('in memory', openMemoryPorts);
describeDeletes('on PostgreSQL and a file system', openPostgresPorts);

function describeDeletes(where: string, openPorts: OpenPorts): void {
  describe(`deletes at two sites ${where}`, () => {
    let pair: Pair;
    let primary: TestSite;
    let secondary: TestSite;

    before(async function () {
      this.timeout(60_000);
      pair = await openPair(openPorts);
      ({ primary, secondary } = pair);
    });

    after(() => pair.close());

    /** An image that is whole at both sites, and remembered at both. */
    const pushEverywhere = async (name: string): Promise<Image> => {
      const image = makeImage(2000);
      await push({ site: primary.url, name }, image);
      await until('all of it is at both sites', () => isWhole(secondary, image));
      for (const { url } of [primary, secondary]) await pull({ site: url, name }, image);
      return image;
    };
    const goesAtTheSecondary = (path: string) =>
      until(`${path} is gone`, async () => (await status(secondary, path)) === 404);

    it('follows the delete of a tag, and keeps its manifest', async () => {
      const { digest } = await pushEverywhere('gone/tag:v1');
      expect(await status(primary, '/v2/gone/tag/manifests/v1', 'DELETE')).to.equal(202);
      await goesAtTheSecondary('/v2/gone/tag/manifests/v1');
      expect(await status(secondary, `/v2/gone/tag/manifests/${digest}`)).to.equal(200);
    });

    it('follows the delete of a manifest, with the tags on it', async () => {
      const { digest } = await pushEverywhere('gone/manifest:v1');
      const path = `/v2/gone/manifest/manifests/${digest}`;
      expect(await status(primary, path, 'DELETE')).to.equal(202);
      await goesAtTheSecondary(path);
      expect(await status(secondary, '/v2/gone/manifest/manifests/v1')).to.equal(404);
    });

    it('follows the delete of a blob in one repository', async () => {
      const { config } = await pushEverywhere('gone/blob:v1');
      const path = `/v2/gone/blob/blobs/${digestOf(config)}`;
      expect(await status(primary, path, 'DELETE')).to.equal(202);
      await goesAtTheSecondary(path);
    });

    it('follows the delete of a repository, and of nothing beside it', async () => {
      const { digest, config } = await pushEverywhere('gone/whole:v1');
      const kept = await pushEverywhere('gone/whole-too:v1');
      const path = '/api/v1/repositories/gone/whole';
      expect(await status(primary, path, 'DELETE')).to.equal(204);
      expect(await status(primary, path, 'DELETE')).to.equal(404);
      for (const what of ['manifests/v1', `manifests/${digest}`, `blobs/${digestOf(config)}`]) {
        expect(await status(primary, `/v2/gone/whole/${what}`), what).to.equal(404);
        await goesAtTheSecondary(`/v2/gone/whole/${what}`);
      }
      expect(await status(secondary, '/v2/gone/whole/tags/list')).to.equal(404);
      await pull({ site: secondary.url, name: 'gone/whole-too:v1' }, kept);
    });

    it('passes on the delete of a repository, and waits until it is here', async () => {
      const { digest } = await pushEverywhere('gone/forwarded:v1');
      const path = '/api/v1/repositories/gone/forwarded';
      expect(await status(secondary, path, 'DELETE')).to.equal(204);
      // No fill can have answered this: it is this site's own table.
      const found = await secondary.ports.metadata.findManifest('gone/forwarded' as never, digest);
      expect(found).to.equal(undefined);
      expect(await status(primary, '/v2/gone/forwarded/manifests/v1')).to.equal(404);
    });

    it('deletes nothing on its own view: what it alone has stays', async () => {
      const alone = Buffer.from('only the secondary has this');
      const digest = digestOf(alone);
      const { blobStore, replicas } = secondary.ports;
      await blobStore.append('copy-alone', { offset: 0, content: Readable.from([alone]) });
      await blobStore.commit('copy-alone', digest);
      await replicas.recordVerified(digest, new Date());
      await secondary.stopReplication();
      await secondary.startReplication();
      const image = await pushEverywhere('gone/after:v1');
      expect(await status(primary, '/api/v1/repositories/gone/after', 'DELETE')).to.equal(204);
      await goesAtTheSecondary(`/v2/gone/after/manifests/${image.digest}`);
      expect(await blobStore.find(digest)).to.deep.equal({ sizeBytes: alone.length });
    });

    it('refuses whoever may not delete, and what names no repository', async () => {
      const path = `${secondary.url}/api/v1/repositories/gone/tag`;
      expect((await fetch(path, { method: 'DELETE' })).status).to.equal(401);
      expect(
        (await fetch(path.replace(secondary.url, primary.url), { method: 'DELETE' })).status,
      ).to.equal(401);
      expect(await status(primary, '/api/v1/repositories/No%20Name', 'DELETE')).to.equal(400);
    });
  });
}

async function isWhole({ ports }: TestSite, { config, layers }: Image): Promise<boolean> {
  for (const blob of [config, ...layers]) {
    if (!(await ports.replicas.findVerified(digestOf(blob)))) return false;
  }
  return true;
}

async function status({ url }: TestSite, path: string, method = 'GET'): Promise<number> {
  return (await send(`${url}${path}`, { method })).status;
}
