import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { type Image, invite, makeImage, pull, push, send, until } from '../client.ts';
import { type CountingProxy, startCountingProxy } from '../lines/counting-proxy.ts';
import { startPrimary, startSecondary, type TestSite } from '../site.ts';

const LAYER_BYTES = 200_000;

const call = async (site: TestSite, [method, path]: readonly [string, string], body?: object) => {
  const answer = await send(`${site.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return answer.status;
};

/** For one repository, as a client asks for it. */
const tokenOf = async ({ url }: TestSite): Promise<string> => {
  const query = 'service=test&scope=repository:again/app:pull';
  const challenge = (await fetch(`${url}/v2/`)).headers.get('www-authenticate')!;
  const [, realm] = /realm="([^"]+)"/.exec(challenge)!;
  const basic = `Basic ${Buffer.from('admin:correct-horse-battery').toString('base64')}`;
  const answer = await fetch(`${realm}?${query}`, { headers: { authorization: basic } });
  return ((await answer.json()) as { token: string }).token;
};

describeEdits('in memory', openMemoryPorts);
describeEdits('on PostgreSQL and a file system', openPostgresPorts);

function describeEdits(where: string, openPorts: OpenPorts): void {
  describe(`changes of the tree at two sites ${where}`, () => {
    let opened: Awaited<ReturnType<OpenPorts>>[];
    let primary: TestSite;
    let secondary: TestSite;
    let line: CountingProxy;

    before(async function () {
      this.timeout(60_000);
      opened = [await openPorts(), await openPorts()];
      primary = await startPrimary('tokyo', opened[0]!);
      line = await startCountingProxy(primary.url);
      secondary = await startSecondary('lisbon', opened[1]!, {
        primaryUrl: line.url,
        joinToken: await invite(primary, 'lisbon'),
      });
    });
    after(async () => {
      await secondary.stop();
      await primary.stop();
      line.close();
      await Promise.all(opened.map((ports) => ports.close()));
    });

    /** An image whose bytes are at both sites. */
    const pushEverywhere = async (name: string): Promise<Image> => {
      const image = makeImage(LAYER_BYTES);
      await push({ site: primary.url, name }, image);
      await until('all of it is here', async () => {
        const blobs = [image.config, ...image.layers].map((blob) => digestOf(blob));
        const verified = blobs.map((blob) => secondary.ports.replicas.findVerified(blob));
        return (await Promise.all(verified)).every((at) => at !== undefined);
      });
      return image;
    };
    const isGone = (path: string) =>
      until(`${path} is gone`, async () => (await call(secondary, ['GET', path])) === 404);
    const isFollowed = () =>
      until('the secondary has the log', async () => {
        const heads = [primary, secondary].map(({ ports }) => ports.changeLog.head());
        const [ours, theirs] = await Promise.all(heads);
        return ours === theirs;
      });
    /** The same facts, with all times and people. */
    const expectAlike = async () => {
      await isFollowed();
      for (const part of ['repositories', 'links', 'manifests', 'tags'] as const) {
        const [ours, theirs] = await Promise.all(
          [primary, secondary].map(({ ports }) => ports.snapshot.sum(part, [{}])),
        );
        expect(theirs, part).to.deep.equal(ours);
      }
    };

    it('give an image its new name there, without its bytes', async () => {
      const image = await pushEverywhere('old/web/ui:v1');
      line.reset();
      expect(
        await call(primary, ['PATCH', '/api/v1/trees/old/web'], { path: 'new/site' }),
      ).to.equal(200);
      await isGone('/v2/old/web/ui/manifests/v1');
      await pull({ site: secondary.url, name: 'new/site/ui:v1' }, image);
      expect(line.count.fromTarget).to.be.lessThan(LAYER_BYTES);
      await expectAlike();
    });

    it('say of an image under its new name that it is whole there', async () => {
      const { digest } = await pushEverywhere('old/whole:v1');
      const path = '/api/v1/repositories/old/whole';
      expect(await call(primary, ['PATCH', path], { name: 'new/whole' })).to.equal(200);
      const image = `/api/v1/repositories/new/whole/manifests/${digest}`;
      const wait = `${image}/wait?sites=lisbon&timeout=10s`;
      expect(await call(primary, ['GET', wait])).to.equal(200);
    });

    it('copy an image there, without its bytes, also by way of the secondary', async () => {
      const image = await pushEverywhere('old/app:v1');
      line.reset();
      const body = { from: 'old/app:v1' };
      expect(await call(secondary, ['PUT', '/api/v1/tags/new/app:stable'], body)).to.equal(201);
      // No fill can have answered this: it is this site's own table.
      const found = await secondary.ports.metadata.findTag('new/app' as never, 'stable' as never);
      expect(found).to.equal(image.digest);
      await pull({ site: secondary.url, name: 'new/app:stable' }, image);
      expect(line.count.fromTarget).to.be.lessThan(LAYER_BYTES);
      await expectAlike();
    });

    it('delete a project there, by way of the secondary', async () => {
      await pushEverywhere('gone/web/ui:v1');
      await pushEverywhere('gone/web:v1');
      expect(await call(secondary, ['DELETE', '/api/v1/trees/gone/web'])).to.equal(200);
      for (const name of ['gone/web', 'gone/web/ui']) {
        const found = await secondary.ports.catalog.findRepository(name as never);
        expect(found, name).to.equal(undefined);
        expect(await call(secondary, ['GET', `/v2/${name}/manifests/v1`])).to.equal(404);
      }
      await expectAlike();
    });

    it('are followed by a site that was away meanwhile', async () => {
      await secondary.stopReplication();
      const image = makeImage(1000);
      await push({ site: primary.url, name: 'old/away:v1' }, image);
      const path = '/api/v1/repositories/old/away';
      expect(await call(primary, ['PATCH', path], { name: 'new/away' })).to.equal(200);
      expect(await call(primary, ['PATCH', '/api/v1/trees/new'], { path: 'newest' })).to.equal(200);
      await secondary.startReplication();
      await expectAlike();
      await pull({ site: secondary.url, name: 'newest/away:v1' }, image);
    });

    it('leave no old token good for what is pushed under the same name again (A23)', async () => {
      const image = makeImage(1000);
      await push({ site: primary.url, name: 'again/app:v1' }, image);
      await isFollowed();
      const token = await tokenOf(secondary);
      const read = async ({ url }: TestSite) => {
        const headers = { authorization: `Bearer ${token}` };
        return (await fetch(`${url}/v2/again/app/manifests/v1`, { headers })).status;
      };
      expect([await read(primary), await read(secondary)]).to.deep.equal([200, 200]);
      const path = '/api/v1/repositories/again/app';
      expect(await call(primary, ['PATCH', path], { name: 'again/moved' })).to.equal(200);
      await push({ site: primary.url, name: 'again/app:v1' }, image);
      await isFollowed();
      expect([await read(primary), await read(secondary)]).to.deep.equal([401, 401]);
      await pull({ site: secondary.url, name: 'again/app:v1' }, image);
    });
  });
}
