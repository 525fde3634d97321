import { expect } from 'chai';
import type { ImageAtSite } from '../../src/geo/images/image-sites.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../support/ports.ts';
import { type Image, makeImage, pull, push, pushManifest, send, until } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

describeArrivals('in memory', openMemoryPorts);
describeArrivals('on PostgreSQL and a file system', openPostgresPorts);

/** At full size it is a row of `npm run bench:geo`. */
const IMAGES = 100;
const AT_ONCE = 4;

interface Told {
  readonly digest: string;
  readonly sites: readonly ImageAtSite[];
}

const askAt = (site: TestSite, reference: string, question: string) =>
  send(`${site.url}/api/v1/repositories/acme/app/manifests/${reference}/${question}`);

function describeArrivals(where: string, openPorts: OpenPorts): void {
  describe(`images that arrive, ${where}`, () => {
    const opened: TestPorts[] = [];
    let primary: TestSite;
    let secondary: TestSite;
    let joinToken: string;

    const open = async () => {
      const ports = await openPorts();
      opened.push(ports);
      return ports;
    };
    const join = () => startSecondary('lisbon', opened[1]!, { primaryUrl: primary.url, joinToken });

    beforeEach(async function () {
      this.timeout(60_000);
      primary = await startPrimary('tokyo', await open());
      await open();
      const invited = await send(`${primary.url}/api/v1/sites`, {
        method: 'POST',
        body: JSON.stringify({ name: 'lisbon' }),
        headers: { 'content-type': 'application/json' },
      });
      ({ joinToken } = (await invited.json()) as { joinToken: string });
      secondary = await join();
    });

    afterEach(async () => {
      await secondary.stop();
      await primary.stop();
      await Promise.all(opened.splice(0).map((ports) => ports.close()));
    });

    const ask = async (reference: string, question: string) => {
      const answer = await askAt(primary, reference, question);
      return { status: answer.status, told: (await answer.json()) as Told };
    };
    const pushAll = async (images: readonly Image[]) => {
      let next = 0;
      const pusher = async () => {
        for (let at = next++; at < images.length; at = next++) {
          await push({ site: primary.url, name: `acme/app:v${at}` }, images[at]!);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, pusher));
    };

    it('are pullable where they are said to be complete, with the primary gone', async function () {
      this.timeout(IMAGES * 100 + 60_000);
      const images = Array.from({ length: IMAGES }, () => makeImage(500, 3000));
      await pushAll(images);
      for (const at of images.keys()) {
        const { status, told } = await ask(`v${at}`, 'wait?sites=lisbon&timeout=60s');
        expect(status).to.equal(200);
        expect(told.digest).to.equal(images[at]!.digest);
        expect(told.sites.map(({ site, state }) => [site, state])).to.deep.equal([
          ['lisbon', 'complete'],
        ]);
      }
      await primary.stop();
      for (const [at, image] of images.entries()) {
        await pull({ site: secondary.url, name: `acme/app:v${at}` }, image);
      }
    });

    it('are told of within a quarter of a second', async function () {
      this.timeout(60_000);
      const delays: number[] = [];
      for (let at = 0; at < 30; at++) {
        const image = makeImage(1000);
        await push({ site: primary.url, name: `acme/app:t${at}` }, image);
        const verified = until('the last byte is verified', async () => {
          const { replicas } = secondary.ports;
          const lacking = await replicas.listLacking('acme/app' as never, image.digest);
          return lacking?.length === 0;
        }).then(() => performance.now());
        const told = ask(image.digest, 'wait?sites=lisbon').then(() => performance.now());
        delays.push(Math.max(0, (await told) - (await verified)));
      }
      delays.sort((one, other) => one - other);
      expect(delays.at(-1), `delays ${delays.map(Math.round).join(' ')}`).to.be.at.most(250);
    });

    it('are not complete while a blob is on its way, at a wait that ends in time', async () => {
      await until('people can log in there', async () => (await send(`${secondary.url}/v2/`)).ok);
      await secondary.stopReplication();
      const image = makeImage(2000);
      await push({ site: primary.url, name: 'acme/app:slow' }, image);
      const { status, told } = await ask('slow', 'wait?timeout=1s');
      expect(status).to.equal(408);
      expect(told.sites.map(({ site, state }) => [site, state])).to.deep.equal([
        ['lisbon', 'unknown'],
        ['tokyo', 'complete'],
      ]);
      const passedOn = await askAt(secondary, 'slow', 'wait?sites=lisbon&timeout=1s');
      expect(passedOn.status).to.equal(408);
      expect(await passedOn.json()).to.have.property('digest', image.digest);
      await secondary.startReplication();
      expect((await ask('slow', 'wait')).status).to.equal(200);
      const atSecondary = await askAt(secondary, 'slow', 'wait?sites=lisbon,tokyo');
      expect(atSecondary.status).to.equal(200);
      const found = await ask(image.digest, 'sites');
      const [lisbon] = found.told.sites;
      expect(lisbon).to.include({ site: 'lisbon', state: 'complete' });
      expect(Date.parse(lisbon!.arrivedAt!)).to.be.closeTo(Date.now(), 10_000);
    });

    it('are not said to be late by a site that is stopped: it may be asked again', async () => {
      await secondary.stopReplication();
      await push({ site: primary.url, name: 'acme/app:stopped' }, makeImage(10));
      let isWaiting = false;
      const { arrivals } = primary.ports;
      const watch = arrivals.watch.bind(arrivals);
      arrivals.watch = (listener) => {
        isWaiting = true;
        return watch(listener);
      };
      const asked = askAt(primary, 'stopped', 'wait?timeout=60s');
      await until('it waits', async () => isWaiting);
      await primary.stop();
      const answer = await asked;
      expect(answer.status).to.equal(503);
      expect(answer.headers.get('retry-after')).to.equal('5');
      expect(await answer.text()).to.contain('this site is being stopped: ask again');
    });

    it('are told after the site was stopped before it could tell', async () => {
      const image = makeImage(2000);
      await secondary.stopReplication();
      await push({ site: primary.url, name: 'acme/app:late' }, image);
      const { ports } = secondary;
      const changes = await primary.ports.changeLog.list({
        after: await ports.changeLog.head(),
        limit: 1000,
        withContent: true,
      });
      await ports.changeLog.apply(changes);
      await pull({ site: secondary.url, name: 'acme/app:late' }, image);
      await until('it is whole there', async () => {
        const untold = await ports.arrivals.listUntold(9);
        return untold.some(({ digest }) => digest === image.digest);
      });
      await secondary.stop();
      secondary = await join();
      expect((await ask('late', 'wait?sites=lisbon')).status).to.equal(200);
      await until('the site knows that it was heard', async () => {
        return (await ports.arrivals.listUntold(9)).length === 0;
      });
    });

    it('are waited for by tag as of the call', async () => {
      const [first, second] = [makeImage(1000), makeImage(1000)];
      await push({ site: primary.url, name: 'acme/app:moving' }, first);
      await push({ site: primary.url, name: 'acme/app:other' }, second);
      await pushManifest({ site: primary.url, name: 'acme/app:moving' }, second);
      const { status, told } = await ask('moving', 'wait');
      expect(status).to.equal(200);
      expect(told.digest).to.equal(second.digest);
      expect(await secondary.ports.metadata.findTag('acme/app' as never, 'moving' as never)).equal(
        second.digest,
      );
    });

    it('are refused to those who ask for what is not there, or may not know', async () => {
      expect((await ask('nothing', 'sites')).status).to.equal(404);
      await push({ site: primary.url, name: 'acme/app:v1' }, makeImage(10));
      const answer = await askAt(primary, 'v1', 'wait?sites=paris');
      expect(answer.status).to.equal(404);
      expect(await answer.text()).to.contain('there is no site paris');
      expect((await askAt(primary, 'v1', 'wait?timeout=11m')).status).to.equal(400);
      const path = '/api/v1/repositories/acme/app/manifests/v1/sites';
      for (const site of [primary, secondary]) {
        expect((await fetch(`${site.url}${path}`)).status).to.equal(401);
      }
    });

    it('are taken from the site itself alone', async () => {
      const put = (site: string, authorization: string) =>
        fetch(`${primary.url}/api/v1/sites/${site}/report`, {
          method: 'PUT',
          body: '{"figures":{},"arrivals":[]}',
          headers: { 'content-type': 'application/json', authorization },
        });
      expect((await put('tokyo', secondary.authorize())).status).to.equal(403);
      expect((await put('lisbon', secondary.authorize())).status).to.equal(400);
      const administrator = await send(`${primary.url}/api/v1/sites/lisbon/report`, {
        method: 'PUT',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
      expect(administrator.status).to.equal(403);
    });
  });
}
