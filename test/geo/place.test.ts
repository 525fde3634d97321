import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { openMemoryPorts, openPostgresPorts, type TestPorts } from '../support/ports.ts';
import { invite, send, until } from '../two-sites/client.ts';
import { startPrimary, startSecondary, type TestSite } from '../two-sites/site.ts';

const TOKYO = { latitude: 35.68, longitude: 139.69 };
const LISBON = { latitude: 38.72, longitude: -9.14 };
const PORTO = { latitude: 41.15, longitude: -8.61 };

for (const [where, openPorts] of [
  ['memory', openMemoryPorts],
  ['PostgreSQL', openPostgresPorts],
] as const) {
  describe(`where a site stands, in ${where}`, function () {
    this.timeout(60_000);
    let opened: [TestPorts, TestPorts];
    let primary: TestSite;
    let secondary: TestSite;

    const start = async (settings: Record<string, string>, joinToken?: string) => {
      const token = joinToken === undefined ? {} : { joinToken };
      const options = { primaryUrl: primary.url, settings, ...token };
      secondary = await startSecondary('lisbon', opened[1], options);
    };
    const restart = async (settings: Record<string, string>) => {
      await secondary.stop();
      await start(settings);
    };
    const expectEverywhere = async (expected: object) => {
      for (const { ports } of [primary, secondary]) {
        await until(`the site is known as ${JSON.stringify(expected)}`, async () => {
          const { publicKey: _, ...site } = (await ports.sites.findSite('lisbon')) ?? {};
          return isDeepStrictEqual(site, expected);
        });
      }
    };

    before(async () => {
      opened = [await openPorts(), await openPorts()];
      primary = await startPrimary('tokyo', opened[0], { MERIDIAN_PLACE: '35.68,139.69' });
      await start({ MERIDIAN_PLACE: '38.72,-9.14' }, await invite(primary, 'lisbon'));
    });
    after(async () => {
      await secondary.stop();
      await primary.stop();
      for (const ports of opened) await ports.close();
    });

    it('is told when it joins, and known at every site', async () => {
      await expectEverywhere({ name: 'lisbon', url: 'http://lisbon.test', place: LISBON });
      expect(await secondary.ports.sites.findSite('tokyo')).to.deep.include({ place: TOKYO });
    });

    it('is shown by the management API of each site', async () => {
      for (const { url } of [primary, secondary]) {
        const list = await (await send(`${url}/api/v1/sites`)).json();
        const places = (list as { sites: { place: object }[] }).sites.map(({ place }) => place);
        expect(places).to.deep.equal([LISBON, TOKYO]);
        await until('the site said how it is', async () => {
          const answer = await send(`${url}/api/v1/sites/lisbon/status`);
          if (answer.status !== 200) return false;
          expect(await answer.json()).to.deep.include({ place: LISBON });
          return true;
        });
      }
    });

    it('changes with the settings, and stays where they say nothing', async () => {
      const url = 'https://porto.test';
      await restart({ MERIDIAN_PLACE: '41.15,-8.61', MERIDIAN_PUBLIC_URL: url });
      await expectEverywhere({ name: 'lisbon', url, place: PORTO });
      await restart({});
      const head = await primary.ports.changeLog.head();
      await until('the site spoke', async () => {
        const report = await primary.ports.siteReports.find('lisbon');
        return report?.figures.appliedPosition === head;
      });
      await expectEverywhere({ name: 'lisbon', url, place: PORTO });
    });

    it('is kept when the site joins once more, as is that it is paused', async () => {
      const path = `${primary.url}/api/v1/sites`;
      await send(`${path}/lisbon/pause`, { method: 'POST' });
      const { url, publicKey } = (await primary.ports.sites.findSite('lisbon'))!;
      const answer = await fetch(`${path}/join`, {
        method: 'POST',
        body: JSON.stringify({ site: 'lisbon', url, publicKey }),
        headers: {
          authorization: `Bearer ${await invite(primary, 'lisbon')}`,
          'content-type': 'application/json',
        },
      });
      expect(answer.status, await answer.text()).to.equal(200);
      await expectEverywhere({ name: 'lisbon', url, place: PORTO, isPaused: true });
    });

    it('is somewhere on the earth', async () => {
      const { publicKey } = (await primary.ports.sites.findSite('lisbon'))!;
      const place = { latitude: 90.1, longitude: 0 };
      const answer = await fetch(`${primary.url}/api/v1/sites/join`, {
        method: 'POST',
        body: JSON.stringify({ site: 'lisbon', url: 'http://x.test', publicKey, place }),
        headers: { authorization: 'Bearer none', 'content-type': 'application/json' },
      });
      expect(answer.status).to.equal(400);
    });
  });
}
