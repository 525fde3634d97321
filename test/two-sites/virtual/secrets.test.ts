import { expect } from 'chai';
import { Client } from 'pg';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { UpstreamSecrets } from '../../../src/virtual/secrets/upstream-secrets.ts';
import { openPostgresPorts } from '../../support/ports.ts';
import { invite, send, until } from '../client.ts';
import { startPrimary, startSecondary, type TestSite } from '../site.ts';

const PASSWORD = 'the-password-of-an-upstream';
const settings = { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' };

/** What people can ask a site for. */
const PEOPLE = [
  'virtual_registries',
  'virtual_registries/all',
  'virtual_registries/all/statistics',
  'virtual_upstreams',
  'virtual_upstreams/hub',
  'virtual_upstreams/hub/entries',
  'sites',
  'sites/tokyo/status',
  'accounts',
  'webhooks',
  'openapi.json',
];

/** What holds all facts, and is for sites alone. */
const SITES = ['snapshot?part=upstreams', 'feed?after=0'];

describe('passwords of upstreams at two sites', () => {
  let ports: Awaited<ReturnType<typeof openPostgresPorts>>[];
  let sites: TestSite[];

  before(async function () {
    this.timeout(30_000);
    ports = [await openPostgresPorts(), await openPostgresPorts()];
    const primary = await startPrimary('tokyo', ports[0]!, settings);
    const joinToken = await invite(primary, 'lisbon');
    const secondary = await startSecondary('lisbon', ports[1]!, {
      primaryUrl: primary.url,
      joinToken,
      settings,
    });
    sites = [primary, secondary];
    const url = 'http://127.0.0.1:9';
    await put('virtual_upstreams/hub', { url, username: 'ann', password: PASSWORD });
    await put('virtual_registries/all', { upstreams: ['hub'] });
    await until('the secondary has the registry', async () => {
      return (await secondary.ports.virtualRegistries.findRegistry('all')) !== undefined;
    });
  });
  after(async () => {
    for (const site of sites.toReversed()) await site.stop();
    for (const one of ports) await one.close();
  });

  async function put(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'PUT', headers, body: JSON.stringify(body) };
    expect((await send(`${sites[0]!.url}/api/v1/${path}`, init)).status).to.equal(201);
  }

  it('open at a site that joined, which was given the key', async () => {
    const keys = await Promise.all(sites.map(({ ports: one }) => one.secretKeyStore.find()));
    expect(keys[0]).to.have.lengthOf(32);
    expect(keys[1]).to.deep.equal(keys[0]);
    const { upstream } = await sealedAt(sites[1]!);
    expect(new UpstreamSecrets(keys[1], randomness).open(upstream)).to.equal(PASSWORD);
  });

  it('A26i are shown to nobody, nor is their sealed text or the key', async () => {
    for (const site of sites) {
      const { sealed } = await sealedAt(site);
      const key = (await site.ports.secretKeyStore.find())!.toString('base64url');
      for (const path of PEOPLE) {
        const answer = await send(`${site.url}/api/v1/${path}`);
        expect(answer.status, path).to.equal(200);
        const text = `${await answer.text()} ${JSON.stringify([...answer.headers])}`;
        for (const secret of [PASSWORD, sealed, key]) expect(text, path).not.to.include(secret);
      }
      for (const path of SITES) {
        const { status } = await send(`${site.url}/api/v1/${path}`);
        expect([401, 403], path).to.include(status);
      }
    }
  });

  it('A26i lie in no table of the database, nor does the key', async () => {
    for (const [nth, { databaseUrl }] of ports.entries()) {
      const text = await dump(databaseUrl);
      const key = (await sites[nth]!.ports.secretKeyStore.find())!;
      expect(text).to.include((await sealedAt(sites[nth]!)).sealed);
      for (const secret of [PASSWORD, key.toString('base64url'), key.toString('hex')]) {
        expect(text).not.to.include(secret);
      }
    }
  });
});

async function sealedAt(site: TestSite) {
  const upstream = (await site.ports.virtualRegistries.findUpstream('hub'))!;
  const credentials = upstream.origin.kind === 'remote' ? upstream.origin.credentials : undefined;
  return { upstream, sealed: credentials!.sealedPassword };
}

/** All rows of all tables. */
async function dump(connectionString: string): Promise<string> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT query_to_xml(format('SELECT * FROM %I', table_name), true, false, '') AS text
       FROM information_schema.tables
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
    );
    return rows.map(({ text }) => String(text)).join('\n');
  } finally {
    await client.end();
  }
}
