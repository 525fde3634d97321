import { expect } from 'chai';
import { systemClock as clock } from '../../src/clock.ts';
import { SiteRole } from '../../src/geo/role.ts';
import { ClusterSites } from '../../src/geo/sites.ts';
import { createLog } from '../../src/log.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { imageOf, repositoryNamed } from '../support/content.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../support/ports.ts';

const repository = repositoryNamed('acme/app');
const image = imageOf('a');
const url = 'https://oslo.example';

describeSites('in memory', openMemoryPorts);
describeSites('in PostgreSQL', openPostgresPorts);

function describeSites(where: string, openPorts: OpenPorts): void {
  describe(`the sites of a cluster, ${where}`, () => {
    let ports: TestPorts;
    let sites: ClusterSites;

    beforeEach(async () => {
      ports = await openPorts();
      const role = new SiteRole({ ...ports, log: createLog('silent') });
      sites = new ClusterSites({ ...ports, role, clock, randomness }, 'tokyo');
    });
    afterEach(() => ports.close());

    const join = async (name: string, x: string) => {
      const { joinToken } = await sites.invite(name);
      await sites.join(joinToken, { name, url, publicKey: { kty: 'EC', crv: 'P-256', x, y: x } });
    };

    it('lose nothing of two changes at once', async () => {
      await join('oslo', 'one');
      const place = { latitude: 59.91, longitude: 10.75 };
      await Promise.all([
        sites.move('oslo', { url: 'https://elsewhere.example' }),
        sites.pause('oslo', true),
        sites.move('oslo', { place }),
      ]);
      const found = await ports.sites.findSite('oslo');
      expect(found).to.deep.include({ url: 'https://elsewhere.example', place, isPaused: true });
    });

    it('stay cut off, whatever they say meanwhile', async () => {
      for (let round = 0; round < 10; round++) {
        await join('oslo', `key ${round}`);
        const moves = [1, 2, 3].map((n) => sites.move('oslo', { url: `${url}/${n}` }));
        await Promise.all([...moves, sites.remove('oslo')]);
        expect(await ports.sites.findSite('oslo'), `round ${round}`).to.equal(undefined);
      }
    });

    it('have no image any more where they join anew: a site begins empty', async () => {
      await join('oslo', 'one');
      await join('rome', 'two');
      const { digest } = image;
      const what = { repository, actor: '' };
      for (const blob of image.blobs) {
        await ports.metadata.linkBlob({ ...what, digest: blob, sizeBytes: 5 });
      }
      const record = { ...what, manifest: image, tags: [], mayOverwrite: true };
      await ports.metadata.recordManifest(record);
      const at = new Date('2026-01-02T03:04:05.678Z');
      const arrivals = ['oslo', 'rome'].map((site) => ({ site, repository, digest, at }));
      await ports.arrivals.record(arrivals);
      const listSites = async () => {
        const found = await ports.arrivals.listSites(repository, digest);
        return found.map(({ site }) => site);
      };
      await sites.pause('oslo', true);
      expect(await listSites()).to.deep.equal(['oslo', 'rome']);
      await join('oslo', 'three');
      expect(await listSites()).to.deep.equal(['rome']);
      await sites.remove('rome');
      expect(await listSites()).to.deep.equal([]);
    });
  });
}
