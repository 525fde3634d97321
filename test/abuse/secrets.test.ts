import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';

const DEBUG = {
  MERIDIAN_LOG_LEVEL: 'debug',
  MERIDIAN_CLUSTER: 'meridian',
  MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1',
};
const OF_UPSTREAM = 'the-password-of-an-upstream';
const WRONG = 'a-wrong-password-of-somebody';

describe('secrets', () => {
  let primary: Started;
  let secondary: Started;
  let joinToken: string;
  let data: string;
  const basic = Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64');
  const secrets: string[] = [ADMIN.password, WRONG, OF_UPSTREAM, basic];

  before(async function () {
    this.timeout(60_000);
    primary = await startProgram({ env: DEBUG });
    const invited = await send(primary, 'POST /api/v1/sites', { name: 'lisbon' });
    ({ joinToken } = (await invited.json()) as { joinToken: string });
    data = await mkdtemp(join(tmpdir(), 'meridian-'));
    const joining = { MERIDIAN_SITE: 'lisbon', MERIDIAN_JOIN_TOKEN: joinToken };
    const env = { ...DEBUG, ...joining, MERIDIAN_PRIMARY_URL: primary.url.origin };
    secondary = await startProgram({ env, data });
  });
  after(async () => {
    await secondary?.stop();
    await primary?.stop();
    await rm(data, { recursive: true, force: true });
  });

  it('A26i stand in no log, also not at debug level', async () => {
    for (const site of [primary, secondary]) {
      await logIn(site);
      await push(site);
      await send(site, `GET /v2/?password=${ADMIN.password}`);
      const denied = Buffer.from(`admin:${WRONG}`).toString('base64');
      await fetch(new URL('/v2/', site.url), { headers: { authorization: `Basic ${denied}` } });
    }
    await readThroughUpstream(primary);
    secrets.push((await readFile(join(data, 'secret-key'), 'utf8')).trim());
    const output = primary.output() + secondary.output();
    expect(output).to.contain('"path":"/v2/acme/app/blobs/uploads/');
    for (const secret of [...secrets, joinToken]) expect(output).not.to.contain(secret);
    expect(output).not.to.match(/_state|Meridian-Site |PRIVATE KEY|argon2id/);
  });

  async function logIn(site: Started): Promise<void> {
    const path =
      '/jwt/auth?service=meridian&offline_token=true&scope=repository:acme/app:pull,push';
    const answer = (await (await send(site, `GET ${path}`)).json()) as Record<string, string>;
    secrets.push(answer['token']!, answer['refresh_token']!);
    const made = await send(site, 'POST /api/v1/accounts/admin/access-tokens', { label: 'ci' });
    const { secret } = (await made.json()) as { secret?: string };
    expect(secret).to.be.a('string');
    secrets.push(secret!);
  }

  async function push(site: Started): Promise<void> {
    const begun = await send(site, 'POST /v2/acme/app/blobs/uploads/');
    const location = begun.headers.get('location')!;
    secrets.push(location.split('_state=')[1]!);
    const path = `${location}&digest=${digestOf('something else')}`;
    expect((await send(site, `PUT ${path}`, {})).status).to.equal(400);
  }

  /** Nothing listens there: what is said of the failure goes to the log, too. */
  async function readThroughUpstream(site: Started): Promise<void> {
    const upstream = { url: 'http://127.0.0.1:9', username: 'ann', password: OF_UPSTREAM };
    const made = await send(site, 'PUT /api/v1/virtual_upstreams/hub', upstream);
    expect(made.status).to.equal(201);
    await send(site, 'PUT /api/v1/virtual_registries/all', { upstreams: ['hub'] });
    await send(site, 'GET /v2/virtual_registries/containers/all/app/manifests/v1');
    await send(site, 'POST /api/v1/virtual_upstreams/hub/test', {});
  }

  /** @param line method and path */
  function send(site: Started, line: string, body?: object): Promise<Response> {
    const [method, path] = line.split(' ') as [string, string];
    return fetch(new URL(path, site.url), {
      method,
      body: body ? JSON.stringify(body) : null,
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    });
  }
});
