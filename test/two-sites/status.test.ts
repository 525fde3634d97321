import { expect } from 'chai';
import type { HeardFigures } from '../../src/geo/status/cluster.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { figuresOf } from '../geo/status/site-figures.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';
import { makeImage, push, send, until } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

interface Listed {
  readonly name: string;
  readonly status: HeardFigures | null;
}

async function ask<T>(site: TestSite, path: string): Promise<T> {
  const answer = await send(`${site.url}/api/v1/sites${path}`);
  expect(answer.status, path).to.equal(200);
  return (await answer.json()) as T;
}

const statusOf = (site: TestSite, name: string) => ask<HeardFigures>(site, `/${name}/status`);

describe('the status of sites', () => {
  const opened: TestPorts[] = [];
  let primary: TestSite;
  let secondary: TestSite;

  const open = async () => {
    const ports = await openMemoryPorts();
    opened.push(ports);
    return ports;
  };

  before(async () => {
    primary = await startPrimary('tokyo', await open());
    const invited = await send(`${primary.url}/api/v1/sites`, {
      method: 'POST',
      body: JSON.stringify({ name: 'lisbon' }),
      headers: { 'content-type': 'application/json' },
    });
    const { joinToken } = (await invited.json()) as { joinToken: string };
    secondary = await startSecondary('lisbon', await open(), {
      primaryUrl: primary.url,
      joinToken,
    });
  });
  after(async () => {
    await secondary.stop();
    await primary.stop();
    await Promise.all(opened.map((ports) => ports.close()));
  });

  it('is whole at a secondary once every blob of a push came there', async () => {
    await push({ site: primary.url, name: 'acme/app:v1' }, makeImage(1000, 200_000));
    await until('all is there', async () => {
      const { manifests } = await statusOf(secondary, 'lisbon');
      return manifests.percent === 100;
    });
    const figures = await statusOf(secondary, 'lisbon');
    expect(figures.blobs).to.deep.include({ total: 3, verified: 3, percent: 100 });
    expect(figures).to.deep.include({ role: 'secondary', bytesBehind: 0, heardSecondsAgo: 0 });
    const { appliedPosition } = await statusOf(primary, 'tokyo');
    expect(figures.appliedPosition).to.equal(appliedPosition);
  });

  it('says where it stands while nothing is followed', async () => {
    await secondary.stopReplication();
    const position = await primary.ports.changeLog.head();
    await push({ site: primary.url, name: 'acme/app:v2' }, makeImage(300_000));
    const behind = await statusOf(secondary, 'lisbon');
    expect(behind.appliedPosition).to.equal(position);
    await secondary.startReplication();
    await until('all is there', async () => {
      const { manifests, bytesBehind } = await statusOf(secondary, 'lisbon');
      return manifests.total === 2 && manifests.percent === 100 && bytesBehind === 0;
    });
  });

  it('lists all sites at the primary, those that were silent as ill', async () => {
    const heardAt = new Date(Date.now() - 20_000);
    const figures = figuresOf('oslo');
    const site = { name: 'oslo', url: 'http://oslo.test', publicKey: { x: 'oslo' } };
    await primary.ports.sites.recordSite(site);
    const [, before] = (await ask<{ sites: Listed[] }>(primary, '')).sites;
    expect(before).to.deep.include({ name: 'oslo', status: null });
    await primary.ports.siteReports.record({ site: 'oslo', heardAt, figures });
    const { sites } = await ask<{ sites: Listed[] }>(primary, '');
    expect(sites.map(({ name }) => name)).to.deep.equal(['lisbon', 'oslo', 'tokyo']);
    const { status } = sites[1]!;
    expect(status!.isHealthy).to.equal(false);
    expect(status!.health).to.match(/^This site has been silent for 2\d seconds\.$/);
    expect(status!.heardSecondsAgo).to.be.within(20, 25);
  });

  it('asks the primary about other sites, where a secondary is asked', async () => {
    const { role } = await statusOf(secondary, 'tokyo');
    expect(role).to.equal('primary');
    const { sites } = await ask<{ sites: Listed[] }>(secondary, '');
    expect(sites.find(({ name }) => name === 'tokyo')?.status?.role).to.equal('primary');
  });

  it('knows nothing of a site that is none', async () => {
    for (const site of [primary, secondary]) {
      const answer = await send(`${site.url}/api/v1/sites/rome/status`);
      expect(answer.status).to.equal(404);
      expect(await answer.text()).to.include('there is no site rome');
    }
  });

  it('lists in pages what fails at a site, with the reason', async () => {
    const { ledger } = secondary.ports;
    await secondary.stopReplication();
    const digests = ['1', '2', '3'].map((text) => digestOf(Buffer.from(text))).toSorted();
    const now = new Date();
    const later = new Date(now.getTime() + 60_000);
    for (const digest of digests) {
      const want = { digest, sizeBytes: 5, repository: 'acme/app', since: now };
      await ledger.want([{ ...want, lane: 'fresh' }]);
      await ledger.claim({ holder: 'test', now, leaseUntil: later });
      const failure = { holder: 'test', message: 'the disk is full', retryAt: later };
      await ledger.fail(digest, { ...failure, reason: 'no-room' });
    }
    const first = await send(`${secondary.url}/api/v1/sites/lisbon/failures?n=2`);
    const page = (await first.json()) as { failures: Record<string, unknown>[] };
    expect(page.failures.map(({ digest }) => digest)).to.deep.equal(digests.slice(0, 2));
    expect(page.failures[0]).to.deep.include({
      reason: 'no-room',
      message: 'the disk is full',
      attempts: 1,
      nextTryAt: later.toISOString(),
    });
    const [, next] = /<([^>]+)>/.exec(first.headers.get('link') ?? '') ?? [];
    const second = await send(`${secondary.url}${next}`);
    expect(((await second.json()) as typeof page).failures).to.have.lengthOf(1);
    const figures = await statusOf(secondary, 'lisbon');
    expect(figures.isHealthy).to.equal(false);
    expect(figures.blobs.failed).to.equal(3);
    const elsewhere = await send(`${primary.url}/api/v1/sites/lisbon/failures`);
    expect(elsewhere.status).to.equal(404);
    for (const digest of digests) await ledger.settle(digest);
    await secondary.startReplication();
  });

  it('tells nobody but administrators', async () => {
    for (const path of ['', '/lisbon/status', '/lisbon/failures']) {
      const answer = await fetch(`${primary.url}/api/v1/sites${path}`);
      expect(answer.status).to.equal(401);
    }
  });
});
