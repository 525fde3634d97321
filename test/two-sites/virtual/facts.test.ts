import { expect } from 'chai';
import { repositoryNamed, tagNamed } from '../../support/content.ts';
import { openMemoryPorts, openPostgresPorts, type TestPorts } from '../../support/ports.ts';
import { entryOf } from '../../support/virtual/cached.ts';
import { invite, send, until } from '../client.ts';
import { startPrimary, startSecondary, type TestSite } from '../site.ts';

const settings = { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' };
const [alpine, bash] = [repositoryNamed('library/alpine'), repositoryNamed('library/bash')];
const latest = tagNamed('latest');
const BOTH = [`${alpine}:latest`, `${bash}:latest`];

for (const [store, openPorts] of [
  ['memory', openMemoryPorts],
  ['PostgreSQL', openPostgresPorts],
] as const) {
  describe(`virtual registries at two sites, in ${store}`, function () {
    this.timeout(30_000);
    let opened: TestPorts[];
    let primary: TestSite;
    let secondary: TestSite | undefined;

    const isThere = async () =>
      (await opened[1]!.changeLog.head()) === (await opened[0]!.changeLog.head());
    const join = async () => {
      const joinToken = await invite(primary, 'lisbon');
      const settled = { primaryUrl: primary.url, joinToken, settings };
      secondary = await startSecondary('lisbon', opened[1]!, settled);
      await until('people can log in there', isThere);
      return secondary;
    };
    const cacheEverywhere = async () => {
      for (const { virtualCache } of opened) {
        for (const image of [alpine, bash]) {
          const where = { upstream: 'hub', image, tag: latest };
          await virtualCache.recordManifest(entryOf(where, image));
        }
      }
    };

    beforeEach(async () => {
      opened = [await openPorts(), await openPorts()];
      primary = await startPrimary('tokyo', opened[0]!, settings);
    });
    afterEach(async () => {
      await secondary?.stop();
      secondary = undefined;
      await primary.stop();
      for (const ports of opened) await ports.close();
    });

    it('V20 are set through any site, and are the same at both', async () => {
      const site = await join();
      await configure(site);
      await until('all is at the secondary', isThere);
      const [there, here] = opened.map(({ virtualRegistries }) => virtualRegistries);
      const registry = await here!.findRegistryOfHost('m.test');
      expect(registry).to.deep.include({ name: 'all', upstreams: ['own', 'hub'] });
      expect(registry).to.deep.equal(await there!.findRegistry('all'));
      const upstreams = await here!.listUpstreams({ limit: 9 });
      expect(upstreams.map(({ name }) => name)).to.deep.equal(['hub', 'own']);
      expect(upstreams).to.deep.equal(await there!.listUpstreams({ limit: 9 }));
      await tell(site, 'DELETE virtual_upstreams/own');
      await until('that is at the secondary, too', isThere);
      expect((await here!.findRegistry('all'))?.upstreams).to.deep.equal(['hub']);
    });

    it('V20 V13 are purged at both, whichever site is told', async () => {
      const site = await join();
      await configure(site);
      await until('all is at the secondary', isThere);
      for (const [body, left] of [
        [{ image: alpine, reference: 'latest' }, BOTH.slice(1)],
        [{ image: bash }, BOTH.slice(0, 1)],
        [{}, []],
      ] as const) {
        await cacheEverywhere();
        for (const ports of opened) expect(await listCached(ports)).to.deep.equal(BOTH);
        await tell(site, 'POST virtual_upstreams/hub/purge', body);
        await until('the purge is at the secondary', isThere);
        for (const ports of opened) expect(await listCached(ports)).to.deep.equal(left);
      }
    });

    it('come with a snapshot, which leaves no cache behind', async () => {
      await configure(primary);
      await opened[0]!.changeLog.trim(await opened[0]!.changeLog.head());
      const site = await join();
      const { virtualRegistries, changeLog } = opened[1]!;
      const registry = await virtualRegistries.findRegistry('all');
      expect(registry?.upstreams).to.deep.equal(['own', 'hub']);
      await cacheEverywhere();
      await site.stopReplication();
      await tell(primary, 'POST virtual_upstreams/hub/purge');
      await tell(primary, 'PUT virtual_registries/all', { upstreams: ['hub'] });
      await opened[0]!.changeLog.trim(await opened[0]!.changeLog.head());
      await site.startReplication();
      await until('the secondary is back', isThere);
      expect(await listCached(opened[1]!)).to.deep.equal([]);
      expect((await virtualRegistries.findRegistry('all'))?.upstreams).to.deep.equal(['hub']);
      expect(await changeLog.tail()).to.be.above(0);
    });
  });
}

async function tell(site: TestSite, line: string, body: object = {}): Promise<void> {
  const [method, path] = line.split(' ') as [string, string];
  const headers = { 'content-type': 'application/json' };
  const url = `${site.url}/api/v1/${path}`;
  const answer = await send(url, { method, headers, body: JSON.stringify(body) });
  expect(answer.status, line).to.be.within(200, 204);
}

async function listCached({ virtualCache }: TestPorts): Promise<string[]> {
  const entries = await virtualCache.listEntries({ upstream: 'hub', limit: 99 });
  return entries.map(({ image, tag }) => `${image}:${tag}`);
}

async function configure(site: TestSite): Promise<void> {
  await tell(site, 'PUT virtual_upstreams/hub', { url: 'http://127.0.0.1:9' });
  await tell(site, 'PUT virtual_upstreams/own', { prefix: 'acme' });
  const all = { upstreams: ['own', 'hub'], hosts: ['m.test'] };
  await tell(site, 'PUT virtual_registries/all', all);
}
