import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import type { VirtualUpstream } from '../../../src/oci/virtual-registry.ts';
import { repositoryNamed } from '../../support/content.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../../support/ports.ts';
import { registryNamed, upstreamNamed } from '../../support/virtual/cached.ts';
import { fail, limit } from '../../virtual/misdeeds.ts';
import { type PutImage, TestUpstream } from '../../virtual/upstream.ts';
import { invite, send, until } from '../client.ts';
import { startPrimary, startSecondary, type TestSite } from '../site.ts';

const SETTINGS = { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.0/8' };
const NAME = 'virtual_registries/containers/hub/team/app';

const getManifest = ({ url }: TestSite) => send(`${url}/v2/${NAME}/manifests/latest`);

describeSites('in memory', openMemoryPorts);
describeSites('on PostgreSQL and a file system', openPostgresPorts);

function describeSites(where: string, openPorts: OpenPorts): void {
  describe(`virtual registries at two sites ${where}`, () => {
    const opened: TestPorts[] = [];
    let upstream: TestUpstream;
    let primary: TestSite;
    let secondary: TestSite;
    let image: PutImage;
    let layer: Buffer;

    before(async () => {
      opened.push(await openPorts(), await openPorts());
      primary = await startPrimary('tokyo', opened[0]!, SETTINGS);
      secondary = await startSecondary('lisbon', opened[1]!, {
        primaryUrl: primary.url,
        joinToken: await invite(primary, 'lisbon'),
        settings: SETTINGS,
      });
    });

    after(async () => {
      await secondary.stop();
      await primary.stop();
      await Promise.all(opened.map((ports) => ports.close()));
    });

    beforeEach(async () => {
      upstream = await TestUpstream.start();
      layer = randomBytes(1_500_000);
      image = upstream.putImage('team/app', 'latest', layer);
    });

    afterEach(async () => {
      await primary.ports.virtualRegistries.deleteUpstream('up');
      await upstream.close();
    });

    /** Sets it at the primary; resolves when the secondary has heard of it. */
    async function set(viaPrimary: VirtualUpstream['viaPrimary']): Promise<void> {
      const { virtualRegistries } = primary.ports;
      await virtualRegistries.recordUpstream(
        upstreamNamed('up', { url: upstream.url, viaPrimary }),
      );
      await virtualRegistries.recordRegistry(registryNamed('hub', { upstreams: ['up'] }));
      await follow();
    }

    async function follow(): Promise<void> {
      const head = await primary.ports.changeLog.head();
      await until('the secondary follows', async () => {
        return (await secondary.ports.changeLog.head()) >= head;
      });
    }

    async function pull(site: TestSite): Promise<void> {
      const manifest = await getManifest(site);
      expect(manifest.status).to.equal(200);
      expect(digestOf(Buffer.from(await manifest.arrayBuffer()))).to.equal(image.digest);
      for (const digest of [image.config, image.layer]) {
        const blob = await send(`${site.url}/v2/${NAME}/blobs/${digest}`);
        expect(blob.status).to.equal(200);
        expect(digestOf(Buffer.from(await blob.arrayBuffer()))).to.equal(digest);
      }
    }

    it('V20 each site fills its own cache, by settings that it was told', async () => {
      await set('never');
      await pull(primary);
      await pull(secondary);
      expect(upstream.count('manifest')).to.equal(2);
      expect(upstream.count('blob')).to.equal(4);
      await upstream.close();
      await pull(secondary);
    });

    it('V20 a secondary asks the primary first, and binds what comes to the upstream', async () => {
      await set('first');
      await pull(primary);
      upstream.forget();
      await upstream.close();
      await pull(secondary);
      const { virtualCache } = secondary.ports;
      const entries = await virtualCache.listEntries({ upstream: 'up', limit: 9 });
      expect(entries.map(({ digest, tag }) => ({ digest, tag }))).to.deep.equal([
        { digest: image.digest, tag: 'latest' },
      ]);
      // It has it now, and needs the primary no more than the upstream.
      await primary.ports.virtualCache.deleteEntry(entries[0]!);
      await pull(secondary);
    });

    it('V20 what the primary lacks too comes through it, once', async () => {
      await set('first');
      await pull(secondary);
      await pull(primary);
      expect(upstream.count('manifest')).to.equal(1);
      expect(upstream.count('blob')).to.equal(2);
    });

    it('V20 the primary stands in where the upstream is limited', async () => {
      await set('when-limited');
      await pull(primary);
      upstream.misbehave(limit(60), ['manifest', 'head-manifest', 'blob']);
      await pull(secondary);
    });

    it('V20 nobody stands in where it is set so, or for an upstream that is broken', async () => {
      const all = ['manifest', 'head-manifest', 'blob'] as const;
      await set('when-limited');
      await pull(primary);
      upstream.misbehave(fail(500), all);
      expect((await getManifest(secondary)).status).to.equal(502);
      await set('never');
      upstream.behave();
      upstream.misbehave(limit(60), all);
      expect((await getManifest(secondary)).status).to.equal(429);
    });

    it('V13, V20 a purge at the primary empties every site', async () => {
      await set('never');
      await pull(primary);
      await pull(secondary);
      const app = repositoryNamed('team/app');
      await primary.ports.virtualRegistries.purge({ upstream: 'up', image: app });
      await follow();
      const { virtualCache } = secondary.ports;
      expect(await virtualCache.measure(['up'])).to.deep.equal({ entries: 0, sizeBytes: 0 });
      await upstream.close();
      expect((await getManifest(secondary)).status).to.equal(503);
    });
  });
}
