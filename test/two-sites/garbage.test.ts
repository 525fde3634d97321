import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { repositoryNamed } from '../support/content.ts';
import { openMemoryPorts, openPostgresPorts, type TestPorts } from '../support/ports.ts';
import { type Image, invite, makeImage, pull, push, send, until } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

const SETTINGS = {
  MERIDIAN_GARBAGE_DELAY: '0s',
  MERIDIAN_GARBAGE_WINDOW: '0s',
  MERIDIAN_GARBAGE_UNTAGGED: 'true',
};
const app = repositoryNamed('acme/app');

const ask = async ({ url }: TestSite, path: string, body: object = {}) => {
  const answer = await send(`${url}/api/v1/garbage/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).to.equal(200);
  return (await answer.json()) as Readonly<Record<string, number>>;
};
const isHeld = async ({ ports }: TestSite, { config, layers }: Image) => {
  const blobs = [config, ...layers].map((blob) => ports.blobStore.find(digestOf(blob)));
  return (await Promise.all(blobs)).every(Boolean);
};
const isHere = async ({ ports }: TestSite, { digest }: Image) =>
  (await ports.metadata.findManifest(app, digest)) !== undefined;

for (const openPorts of [openMemoryPorts, openPostgresPorts]) {
  describe(`garbage at two sites, ${openPorts.name}`, () => {
    let opened: [TestPorts, TestPorts];
    let primary: TestSite;
    let secondary: TestSite;

    before(async function () {
      this.timeout(60_000);
      opened = [await openPorts(), await openPorts()];
      primary = await startPrimary('tokyo', opened[0], SETTINGS);
      secondary = await startSecondary('lisbon', opened[1], {
        primaryUrl: primary.url,
        joinToken: await invite(primary, 'lisbon'),
        settings: SETTINGS,
      });
      await until('the secondary knows who may log in', async () => {
        const heads = await Promise.all(opened.map(({ changeLog }) => changeLog.head()));
        return heads[0] === heads[1];
      });
    });

    after(async () => {
      await secondary.stop();
      await primary.stop();
      await Promise.all(opened.map((ports) => ports.close()));
    });

    it('goes by what the primary decided, and never by a site itself', async () => {
      const image = makeImage(700);
      const kept = makeImage(700);
      await push({ site: secondary.url, name: 'acme/app:v1' }, image);
      await push({ site: secondary.url, name: 'acme/app:v2' }, kept);
      await until('the secondary has the bytes', async () => {
        return (await isHeld(secondary, image)) && isHeld(secondary, kept);
      });
      await send(`${secondary.url}/v2/acme/app/manifests/v1`, { method: 'DELETE' });
      const alone = await ask(secondary, 'run');
      expect(alone).to.deep.include({ manifests: 0, links: 0, blobs: 0 });
      expect(await isHere(secondary, image)).to.equal(true);

      await until('the primary took the manifest', async () => {
        return (await ask(primary, 'run'))['manifests'] === 1;
      });
      await until('the secondary follows', async () => !(await isHere(secondary, image)));
      const before = await ask(secondary, 'undo', { repository: 'acme/app' });
      expect(before).to.deep.include({ manifests: 1 });
      expect(await isHere(secondary, image), 'what came back has come here').to.equal(true);

      for (const site of [primary, secondary]) {
        await until(`its bytes are gone from ${site.url}`, async () => {
          await ask(site, 'run');
          return !(await isHeld(site, image));
        });
      }
      expect(await isHeld(secondary, kept)).to.equal(true);
      await pull({ site: secondary.url, name: 'acme/app:v2' }, kept);
    });

    it('brings bytes again that were removed there, once they are pushed again', async () => {
      const image = makeImage(700);
      for (let rounds = 0; rounds < 2; rounds += 1) {
        await push({ site: primary.url, name: 'acme/app:again' }, image);
        await until('the secondary has the bytes', () => isHeld(secondary, image));
        await pull({ site: secondary.url, name: 'acme/app:again' }, image);
        await send(`${primary.url}/v2/acme/app/manifests/again`, { method: 'DELETE' });
        for (const site of [primary, secondary]) {
          await until(`its bytes are gone from ${site.url}`, async () => {
            await ask(site, 'run');
            return !(await isHeld(site, image));
          });
        }
      }
    });
  });
}
