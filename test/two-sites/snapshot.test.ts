import { expect } from 'chai';
import { repositoryNamed, tagNamed } from '../support/content.ts';
import { openMemoryPorts, openPostgresPorts, type TestPorts } from '../support/ports.ts';
import { makeImage, pull, push, send, until } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

const [app, web, old] = ['acme/app', 'acme/web', 'acme/old'].map(repositoryNamed) as [
  ReturnType<typeof repositoryNamed>,
  ReturnType<typeof repositoryNamed>,
  ReturnType<typeof repositoryNamed>,
];

const STORES = {
  memory: [openMemoryPorts, openMemoryPorts],
  'PostgreSQL and a file system': [openPostgresPorts, openPostgresPorts],
} as const;

for (const [store, [openOne, openOther]] of Object.entries(STORES)) {
  describe(`a site that the log has forgotten, in ${store}`, () => {
    let ports: { readonly primary: TestPorts; readonly secondary: TestPorts };
    let primary: TestSite;
    let secondary: TestSite | undefined;

    const join = async () => {
      const answer = await send(`${primary.url}/api/v1/sites`, {
        method: 'POST',
        body: JSON.stringify({ name: 'lisbon' }),
        headers: { 'content-type': 'application/json' },
      });
      const { joinToken } = (await answer.json()) as { joinToken: string };
      secondary = await startSecondary('lisbon', ports.secondary, {
        primaryUrl: primary.url,
        joinToken,
      });
      return secondary;
    };
    const trim = async () => ports.primary.changeLog.trim(await ports.primary.changeLog.head());
    const isThere = async () =>
      (await ports.secondary.changeLog.head()) === (await ports.primary.changeLog.head());

    beforeEach(async () => {
      ports = { primary: await openOne(), secondary: await openOther() };
      primary = await startPrimary('tokyo', ports.primary);
    });
    afterEach(async () => {
      await secondary?.stop();
      secondary = undefined;
      await primary.stop();
      await Promise.all([ports.primary.close(), ports.secondary.close()]);
    });

    it('comes back by a snapshot, with the deletions that it missed, and answers on', async () => {
      const [one, two, three] = [makeImage(10), makeImage(20), makeImage(30)];
      const site = await join();
      await push({ site: primary.url, name: `${app}:v1` }, one);
      await push({ site: primary.url, name: `${app}:v2` }, two);
      await push({ site: primary.url, name: `${old}:v1` }, one);
      await until('all is at the secondary', isThere);
      await site.stopReplication();
      await ports.primary.metadata.deleteManifest(app, two.digest, '');
      await ports.primary.metadata.deleteRepository(old, '');
      await push({ site: primary.url, name: `${web}:v1` }, three);
      await push({ site: primary.url, name: `${app}:v1` }, three);
      await trim();
      let answers = 0;
      const done = new AbortController();
      const asking = (async () => {
        while (!done.signal.aborted) {
          const answer = await send(`${site.url}/v2/${app}/manifests/v1`);
          expect(answer.status).to.equal(200);
          await answer.arrayBuffer();
          answers += 1;
        }
      })();
      await site.startReplication();
      await until('the secondary is where the primary is', isThere);
      done.abort();
      await asking;
      expect(answers).to.be.greaterThan(0);
      const { metadata, catalog } = ports.secondary;
      expect(await metadata.findTag(app, tagNamed('v1'))).to.equal(three.digest);
      expect(await metadata.findTag(app, tagNamed('v2'))).to.equal(undefined);
      expect(await metadata.findManifest(app, two.digest)).to.equal(undefined);
      expect(await catalog.findRepository(old)).to.equal(undefined);
      await pull({ site: site.url, name: `${web}:v1` }, three);
      await until(
        'the blobs follow',
        async () => (await ports.secondary.replicas.listWanted({ limit: 9 })).length === 0,
      );
      const { ageMs } = await ports.secondary.changeLog.readHead();
      expect(ageMs).to.be.lessThan(5000);
    });

    it('says again what is whole there, since the primary forgot it meanwhile', async () => {
      const image = makeImage(10);
      const site = await join();
      await push({ site: primary.url, name: `${app}:v1` }, image);
      const wait = async () => {
        const path = `/api/v1/repositories/${app}/manifests/v1/wait?sites=lisbon&timeout=10s`;
        return (await send(`${primary.url}${path}`)).status;
      };
      expect(await wait()).to.equal(200);
      await site.stopReplication();
      await ports.primary.metadata.deleteManifest(app, image.digest, '');
      await push({ site: primary.url, name: `${app}:v1` }, image);
      await trim();
      await site.startReplication();
      expect(await wait()).to.equal(200);
    });

    it('begins by a snapshot where the log begins behind its first change', async () => {
      const image = makeImage(10, 20);
      await push({ site: primary.url, name: `${app}:v1` }, image);
      await push({ site: primary.url, name: `${web}:v1` }, makeImage(5));
      await trim();
      const site = await join();
      await until('the secondary is where the primary is', isThere);
      await pull({ site: site.url, name: `${app}:v1` }, image);
      const [tokyo, lisbon] = [
        await ports.primary.sites.listSites(),
        await ports.secondary.sites.listSites(),
      ];
      expect(lisbon).to.deep.equal(tokyo);
    });

    it('is given to sites alone, and only as it is asked for', async () => {
      const url = `${primary.url}/api/v1/snapshot`;
      expect((await fetch(`${url}?part=tags`)).status).to.be.oneOf([401, 403]);
      expect((await send(`${url}?part=tags`)).status).to.equal(403);
      const site = await join();
      const headers = { authorization: site.authorize() };
      for (const query of ['', '?part=x', '?part=tags&after=a', '?part=sites&after=a&after=b']) {
        expect((await fetch(`${url}${query}`, { headers })).status, query).to.equal(400);
      }
      expect((await fetch(`${url}?part=tags`, { headers })).status).to.equal(200);
    });
  });
}
