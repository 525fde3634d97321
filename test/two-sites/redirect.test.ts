import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';
import { makeImage, pull, pushManifest, send, until } from './client.ts';
import { type CountingProxy, startCountingProxy } from './lines/counting-proxy.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const PASSWORD = 'a-long-enough-password';
const BASIC = `Basic ${Buffer.from(`ann:${PASSWORD}`).toString('base64')}`;

describe('writes that a secondary redirects', () => {
  const opened: TestPorts[] = [];
  let primary: TestSite;
  let line: CountingProxy;
  let secondary: TestSite;

  before(async () => {
    opened.push(await openMemoryPorts(), await openMemoryPorts());
    primary = await startPrimary('tokyo', opened[0]!);
    line = await startCountingProxy(primary.url);
    const invited = await send(`${primary.url}/api/v1/sites`, {
      method: 'POST',
      body: JSON.stringify({ name: 'lisbon' }),
      headers: JSON_TYPE,
    });
    const { joinToken } = (await invited.json()) as { joinToken: string };
    const settings = { MERIDIAN_WRITES: 'redirect' };
    secondary = await startSecondary('lisbon', opened[1]!, {
      primaryUrl: line.url,
      joinToken,
      settings,
    });
    await until('people can log in here', async () => (await send(`${secondary.url}/v2/`)).ok);
  });

  after(async () => {
    await secondary.stop();
    await primary.stop();
    line.close();
    await Promise.all(opened.map((ports) => ports.close()));
  });

  beforeEach(() => recordAnn({ pattern: 'x/**', isDisabled: false, password: PASSWORD }));

  const recordAnn = async ({ pattern, ...account }: Ann) => {
    const body = { ...account, grants: [{ pattern, actions: ['pull', 'push'] }] };
    const url = `${secondary.url}/api/v1/accounts/ann`;
    const init = { method: 'PUT', body: JSON.stringify(body), headers: JSON_TYPE };
    expect((await send(url, init)).status).to.be.oneOf([200, 201]);
  };

  /** Where the secondary sends ann with the bytes. */
  const begin = async (repository = 'x/app') => {
    const url = `${secondary.url}/v2/${repository}/blobs/uploads/`;
    const answer = await fetch(url, { method: 'POST', headers: { authorization: BASIC } });
    expect(answer.status).to.equal(202);
    return answer.headers.get('location')!;
  };

  it('lets the client carry the bytes to the primary, without showing who it is', async () => {
    const image = makeImage(3_000_000);
    for (const blob of [image.config, ...image.layers]) {
      const location = await begin();
      // The primary says where it is: here, where the secondary reaches it.
      expect(location).to.match(new RegExp(`^${line.url}/v2/x/app/blobs/uploads/`));
      const path = location.slice(line.url.length);
      const half = Math.ceil(blob.length / 2);
      const sent = await fetch(primary.url + path, {
        method: 'PATCH',
        body: blob.subarray(0, half),
      });
      expect(sent.status).to.equal(202);
      const next = new URL(sent.headers.get('location')!, primary.url).href;
      expect((await fetch(next)).status).to.equal(204);
      const done = await fetch(`${next}&digest=${digestOf(blob)}`, {
        method: 'PUT',
        body: blob.subarray(half),
      });
      expect(done.status).to.equal(201);
      const url = new URL(done.headers.get('location')!, primary.url);
      expect((await fetch(url, { headers: { authorization: BASIC } })).status).to.equal(200);
    }
    expect(line.count.toTarget).to.be.below(100_000);
    await pushManifest({ site: secondary.url, name: 'x/app:v1' }, image);
    await pull({ site: secondary.url, name: 'x/app:v1' }, image);
  });

  it('lets the client cancel an upload in the same way', async () => {
    const location = await begin();
    expect((await fetch(location, { method: 'DELETE' })).status).to.equal(204);
    expect((await fetch(location)).status).to.equal(404);
  });

  it('opens nothing but its own upload (A10, A11)', async () => {
    const location = await begin();
    const other = await begin('x/other');
    const [path, state] = location.split('?_state=') as [string, string];
    const [kid, payload, signature] = state.split('.') as [string, string, string];
    const fields = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[];
    const forge = (changed: unknown[]) =>
      `${kid}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`;
    const bad = [
      location.replace('/x/app/', '/x/other/'),
      `${other.split('?')[0]}?_state=${state}`,
      `${path}?_state=${forge(fields.with(5, 'admin'))}`,
      `${path}?_state=${forge(fields.with(6, Date.now() * 2))}`,
      path,
    ];
    for (const url of bad) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const body = method === 'PATCH' || method === 'PUT' ? BYTES : null;
        const target = `${url}${url.includes('?') ? '&' : '?'}digest=${DIGEST}`;
        expect((await fetch(target, { method, body })).status, url).to.equal(401);
      }
    }
    const blob = `${primary.url}/v2/x/app/blobs/${DIGEST}?_state=${state}`;
    expect((await fetch(blob)).status).to.equal(401);
    const begun = `${primary.url}/v2/x/app/blobs/uploads/?_state=${state}`;
    expect((await fetch(begun, { method: 'POST' })).status).to.equal(401);
    const foreign = { authorization: 'Basic YW5uOndyb25n' };
    expect((await fetch(location, { headers: foreign })).status).to.equal(401);
  });

  it('never takes a state that does not admit', async () => {
    const answer = await fetch(`${primary.url}/v2/x/app/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: BASIC },
    });
    const location = answer.headers.get('location')!;
    expect(location).to.match(/^\/v2\//);
    const [path, state] = location.split('?_state=') as [string, string];
    const [kid, payload, signature] = state.split('.') as [string, string, string];
    const fields = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[];
    const marked = Buffer.from(JSON.stringify([...fields, 'admits'])).toString('base64url');
    for (const text of [state, `${kid}.${marked}.${signature}`]) {
      expect((await fetch(`${primary.url}${path}?_state=${text}`)).status).to.equal(401);
    }
  });

  it('ends with the right to push, and with the account (A23)', async () => {
    const location = await begin();
    const expectStatus = async (status: number) =>
      expect((await fetch(location, { method: 'PATCH', body: BYTES })).status).to.equal(status);
    await recordAnn({ pattern: 'y/**' });
    await expectStatus(403);
    await recordAnn({ pattern: 'x/**', isDisabled: true });
    await expectStatus(401);
    await recordAnn({ pattern: 'x/**', isDisabled: false });
    await expectStatus(202);
  });

  it('ends with the password that it was begun with', async () => {
    const location = await begin();
    await recordAnn({ pattern: 'x/**', password: PASSWORD });
    expect((await fetch(location)).status).to.equal(401);
  });
});

interface Ann {
  readonly pattern: string;
  readonly isDisabled?: boolean;
  readonly password?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
