import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { ImageAtSite } from '../../src/geo/images/image-sites.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { SiteFigures } from '../../src/storage/geo/site-reports.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../support/ports.ts';
import { type Image, invite, makeImage, pull, push, send, until } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

describeSelection('in memory', openMemoryPorts);
describeSelection('on PostgreSQL and a file system', openPostgresPorts);

/** Longer than a pause takes to be noticed, and than a worker waits for work. */
const A_WHILE_MS = 1500;

function describeSelection(where: string, openPorts: OpenPorts): void {
  describe(`what a site copies, ${where}`, () => {
    const opened: TestPorts[] = [];
    let primary: TestSite;
    let secondary: TestSite;

    before(async function () {
      this.timeout(60_000);
      for (let count = 0; count < 2; count += 1) opened.push(await openPorts());
      primary = await startPrimary('tokyo', opened[0]!);
      secondary = await startSecondary('lisbon', opened[1]!, {
        primaryUrl: primary.url,
        joinToken: await invite(primary, 'lisbon'),
        settings: { MERIDIAN_SYNC: 'synced/**' },
      });
    });

    after(async () => {
      await secondary.stop();
      await primary.stop();
      await Promise.all(opened.map((ports) => ports.close()));
    });

    const pushTo = async (name: string) => {
      const image = makeImage(100_000);
      await push({ site: primary.url, name }, image);
      return image;
    };

    it('is what the patterns cover; the rest is answered all the same', async () => {
      const other = await pushTo('other/app:v1');
      const synced = await pushTo('synced/app:v1');
      await until('the blobs are verified here', () => hasBlobs(secondary, synced));
      expect(await hasBlobs(secondary, other)).to.equal(false);
      await pull({ site: secondary.url, name: 'other/app:v1' }, other);
      await until('what was read is kept', () => hasBlobs(secondary, other));
    });

    it('is the same where the ledger is filled from the facts', async () => {
      await secondary.stopReplication();
      const other = await pushTo('other/app:v2');
      const synced = await pushTo('synced/app:v2');
      await secondary.startReplication();
      await until('the blobs are verified here', () => hasBlobs(secondary, synced));
      await secondary.stopReplication();
      await secondary.startReplication();
      await until('the ledger is empty', () => isLedgerEmpty(secondary));
      expect(await hasBlobs(secondary, other)).to.equal(false);
    });

    it('is all that is waited for, and all that counts', async () => {
      await pushTo('other/app:v4');
      await pushTo('synced/app:v4');
      expect(await waitFor(primary, 'synced/app/manifests/v4/wait')).to.deep.equal({
        status: 200,
        told: ['lisbon yes', 'tokyo yes'],
      });
      expect(await waitFor(primary, 'other/app/manifests/v4/wait')).to.deep.equal({
        status: 200,
        told: ['tokyo yes'],
      });
      expect(
        await waitFor(primary, 'other/app/manifests/v4/wait?sites=lisbon&timeout=1s'),
      ).to.deep.equal({
        status: 408,
        told: ['lisbon not-selected'],
      });
      await until('the site says that nothing lacks', async () => {
        const answer = await send(`${secondary.url}/api/v1/sites/lisbon/status`);
        const { blobs, manifests } = (await answer.json()) as SiteFigures;
        return blobs.percent === 100 && manifests.percent === 100;
      });
    });

    it('is nothing while it is paused, and all that was missed once it is resumed', async () => {
      const site = (await primary.ports.sites.findSite('lisbon'))!;
      await primary.ports.sites.recordSite({ ...site, isPaused: true });
      await until('the pause is known here', async () => {
        return (await secondary.ports.sites.findSite('lisbon'))?.isPaused === true;
      });
      await sleep(A_WHILE_MS);
      const image = await pushTo('synced/app:v3');
      await sleep(A_WHILE_MS);
      const waiting = '/api/v1/repositories/synced/app/manifests/v3/wait?timeout=0s';
      expect(await hasBlobs(secondary, image)).to.equal(false);
      const answer = await send(`${primary.url}${waiting}`);
      expect(answer.status).to.equal(408);
      expect(((await answer.json()) as { sites: unknown[] }).sites[0]).to.include({
        site: 'lisbon',
        copying: 'paused',
      });
      await primary.ports.sites.recordSite({ ...site, isPaused: false });
      await until('the blobs are verified here', () => hasBlobs(secondary, image));
    });
  });
}

async function waitFor({ url }: TestSite, path: string) {
  const answer = await send(`${url}/api/v1/repositories/${path}`);
  const { sites } = (await answer.json()) as { readonly sites: readonly ImageAtSite[] };
  const told = sites.map(({ site, copying }) => `${site} ${copying}`);
  return { status: answer.status, told };
}

async function hasBlobs({ ports }: TestSite, { config, layers }: Image): Promise<boolean> {
  const found = [config, ...layers].map((blob) => ports.replicas.findVerified(digestOf(blob)));
  return (await Promise.all(found)).every((verifiedAt) => verifiedAt !== undefined);
}

async function isLedgerEmpty({ ports }: TestSite): Promise<boolean> {
  const { objects, bytes } = await ports.ledger.status();
  return bytes === 0 && objects.demand + objects.fresh + objects.backfill === 0;
}
