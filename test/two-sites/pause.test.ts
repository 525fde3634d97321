import { expect } from 'chai';
import { openMemoryPorts } from '../support/ports.ts';
import { send, until } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

const tell = (site: TestSite, path: string) =>
  send(`${site.url}/api/v1/sites/${path}`, { method: 'POST' });

describe('a site that is paused', () => {
  let primary: TestSite;
  let secondary: TestSite;

  before(async () => {
    primary = await startPrimary('tokyo', await openMemoryPorts());
    const answer = await send(`${primary.url}/api/v1/sites`, {
      method: 'POST',
      body: JSON.stringify({ name: 'lisbon' }),
      headers: { 'content-type': 'application/json' },
    });
    const { joinToken } = (await answer.json()) as { joinToken: string };
    secondary = await startSecondary('lisbon', await openMemoryPorts(), {
      primaryUrl: primary.url,
      joinToken,
    });
  });
  after(async () => {
    await secondary.stop();
    await primary.stop();
  });

  it('is known to be so everywhere, whichever site was told, until it is resumed', async () => {
    for (const site of [primary, secondary]) {
      expect((await tell(site, 'lisbon/pause')).status).to.equal(204);
      expect(await primary.ports.sites.findSite('lisbon')).to.include({ isPaused: true });
      await until('the secondary knows', async () =>
        Boolean((await secondary.ports.sites.findSite('lisbon'))?.isPaused),
      );
      expect((await tell(site, 'lisbon/resume')).status).to.equal(204);
      expect(await primary.ports.sites.findSite('lisbon')).to.not.have.property('isPaused');
    }
  });

  it('is one that exists, and told by an administrator', async () => {
    expect((await tell(primary, 'rome/pause')).status).to.equal(404);
    const url = `${primary.url}/api/v1/sites/lisbon/pause`;
    expect((await fetch(url, { method: 'POST' })).status).to.equal(401);
  });
});
