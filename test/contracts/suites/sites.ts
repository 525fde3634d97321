/** What every maker of `Sites` keeps. */
import { expect } from 'chai';
import { NotPrimary } from '../../../src/storage/failure.ts';
import type { Site, Sites } from '../../../src/storage/sites.ts';
import { type OpenPeople, type PeoplePorts, replay } from '../../support/people-ports.ts';

function siteNamed(name: string, rest: Partial<Site> = {}): Site {
  const publicKey = { kty: 'EC', crv: 'P-256', y: `y of ${name}`, x: `x of ${name}` };
  return { name, url: `https://${name}.example`, publicKey, ...rest };
}

const INVITATION = {
  site: 'lisbon',
  tokenHash: 'cd'.repeat(32),
  expiresAt: new Date('2026-01-02T03:04:05.678Z'),
};

export function describeSitesContract(name: string, open: OpenPeople): void {
  describe(`Sites in ${name}`, () => {
    let ports: PeoplePorts;
    let sites: Sites;

    beforeEach(async () => {
      ports = await open();
      sites = ports.sites;
    });
    afterEach(() => ports.close());

    it('begins as a primary of the first epoch', async () => {
      expect(await sites.getRole()).to.deep.equal({ role: 'primary', epoch: 1 });
    });

    it('keeps the role, and never lets the epoch fall', async () => {
      await sites.recordRole('secondary', 3);
      expect(await sites.getRole()).to.deep.equal({ role: 'secondary', epoch: 3 });
      await sites.recordRole('primary', 2);
      expect(await sites.getRole()).to.deep.equal({ role: 'secondary', epoch: 3 });
      await sites.recordRole('primary', 4);
      await sites.recordRole('primary', 4);
      expect(await sites.getRole()).to.deep.equal({ role: 'primary', epoch: 4 });
    });

    it('finds a site as it was recorded, and lists all by name', async () => {
      await sites.recordSite(siteNamed('oslo'));
      await sites.recordSite(siteNamed('lisbon'));
      expect(await sites.findSite('oslo')).to.deep.equal(siteNamed('oslo'));
      expect(await sites.findSite('rome')).to.equal(undefined);
      expect(await sites.listSites()).to.deep.equal([siteNamed('lisbon'), siteNamed('oslo')]);
    });

    it('replaces and deletes a site', async () => {
      await sites.recordSite(siteNamed('oslo'));
      const moved = siteNamed('oslo', { url: 'https://elsewhere.example' });
      await sites.recordSite(moved);
      expect(await sites.findSite('oslo')).to.deep.equal(moved);
      expect(await sites.deleteSite('oslo')).to.equal(true);
      expect(await sites.deleteSite('oslo')).to.equal(false);
      expect(await sites.listSites()).to.deep.equal([]);
    });

    it('changes a site as it is, so that no change is lost', async () => {
      await sites.recordSite(siteNamed('oslo', { url: 'https://o' }));
      const add = () => sites.changeSite('oslo', (site) => ({ ...site, url: `${site.url}o` }));
      const changes = await Promise.all(Array.from({ length: 10 }, add));
      expect(changes.every(Boolean)).to.equal(true);
      expect((await sites.findSite('oslo'))?.url).to.equal(`https://o${'o'.repeat(10)}`);
      expect(await ports.changeLog.head()).to.equal(11);
      expect(await sites.changeSite('oslo', (site) => site)).to.equal(true);
      expect(await sites.changeSite('rome', (site) => site)).to.equal(false);
      expect(await ports.changeLog.head()).to.equal(11);
    });

    it('keeps where a site stands and whether it is paused', async () => {
      const oslo = siteNamed('oslo', { place: { latitude: 59.91, longitude: 10.75 } });
      await sites.recordSite(oslo);
      expect(await sites.findSite('oslo')).to.deep.equal(oslo);
      await sites.recordSite({ ...oslo, isPaused: true });
      await sites.recordSite({ ...oslo, isPaused: true });
      expect(await sites.listSites()).to.deep.equal([{ ...oslo, isPaused: true }]);
      await sites.recordSite(oslo);
      expect(await sites.findSite('oslo')).to.deep.equal(oslo);
      expect(await ports.changeLog.head()).to.equal(3);
    });

    it('appends one change for each change, and none where nothing changed', async () => {
      await sites.recordSite(siteNamed('oslo'));
      await sites.recordSite(siteNamed('oslo'));
      await sites.deleteSite('oslo');
      await sites.deleteSite('oslo');
      const changes = await ports.changeLog.list({ after: 0, limit: 10 });
      expect(changes.map(({ fact }) => fact)).to.deep.equal([
        { kind: 'site-recorded', site: siteNamed('oslo') },
        { kind: 'site-deleted', name: 'oslo' },
      ]);
    });

    it('writes no site where this one is not the primary', async () => {
      await sites.recordSite(siteNamed('oslo'));
      await sites.recordRole('secondary', 1);
      for (const write of [
        () => sites.recordSite(siteNamed('rome')),
        () => sites.changeSite('oslo', (site) => ({ ...site, isPaused: true })),
        () => sites.changeSite('rome', (site) => site),
        () => sites.deleteSite('oslo'),
        () => sites.deleteSite('rome'),
      ]) {
        const failure = await write().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure).to.be.instanceOf(NotPrimary);
      }
      expect(await sites.listSites()).to.deep.equal([siteNamed('oslo')]);
    });

    it('is the same at a secondary that applied the changes', async () => {
      const secondary = await open();
      try {
        await sites.recordSite(siteNamed('oslo'));
        await sites.recordSite(siteNamed('rome'));
        await sites.deleteSite('rome');
        await replay(ports, secondary);
        expect(await secondary.sites.listSites()).to.deep.equal([siteNamed('oslo')]);
      } finally {
        await secondary.close();
      }
    });

    it('gives an invitation once', async () => {
      await sites.recordInvitation(INVITATION);
      const takes = await Promise.all([
        sites.takeInvitation(INVITATION.tokenHash),
        sites.takeInvitation(INVITATION.tokenHash),
      ]);
      expect(takes.filter(Boolean)).to.deep.equal([INVITATION]);
      expect(await sites.takeInvitation(INVITATION.tokenHash)).to.equal(undefined);
      expect(await ports.changeLog.head()).to.equal(0);
    });
  });
}
