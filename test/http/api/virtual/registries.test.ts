import { expect } from 'chai';
import { openMemoryPorts, type TestPorts } from '../../../support/ports.ts';
import { send, until } from '../../../two-sites/client.ts';
import { openPair } from '../../../two-sites/pair.ts';
import { startPrimary, type TestSite } from '../../../two-sites/site.ts';
import { TestUpstream } from '../../../virtual/upstream.ts';

const PASSWORD = 'a-password-of-theirs';
const SETTINGS = {
  MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1',
  MERIDIAN_MAX_VIRTUAL_REGISTRIES: '3',
  MERIDIAN_MAX_UPSTREAMS: '2',
};

/** Asks the management API as the administrator. */
async function ask(site: TestSite, what: string, body?: object) {
  const [method = '', path = ''] = what.split(' ');
  const answer = await send(`${site.url}/api/v1/virtual_${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
    headers: { 'content-type': 'application/json' },
  });
  const text = await answer.text();
  const json = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
  return { status: answer.status, text, json, link: answer.headers.get('link') };
}

describe('/api/v1/virtual_registries and /api/v1/virtual_upstreams', () => {
  let ports: TestPorts;
  let site: TestSite;
  let upstream: TestUpstream;

  beforeEach(async () => {
    ports = await openMemoryPorts();
    upstream = await TestUpstream.start();
    site = await startPrimary('tokyo', ports, SETTINGS);
  });

  afterEach(async () => {
    await site.stop();
    await upstream.close();
  });

  const addUpstreams = async (...names: string[]) => {
    for (const name of names) {
      expect((await ask(site, `PUT upstreams/${name}`, { url: upstream.url })).status).to.equal(
        201,
      );
    }
  };

  it('creates, changes, orders, lists and deletes registries', async () => {
    await addUpstreams('hub', 'quay');
    const made = await ask(site, 'PUT registries/all', { upstreams: ['hub', 'quay'] });
    const first = {
      name: 'all',
      description: '',
      upstreams: ['hub', 'quay'],
      hosts: [],
      isPublic: false,
    };
    expect([made.status, made.json]).to.deep.equal([201, first]);
    const change = { upstreams: ['quay', 'hub'], hosts: ['mirror.test:5000'], unusedDays: 30 };
    const changed = await ask(site, 'PUT registries/all', change);
    expect([changed.status, changed.json]).to.deep.equal([200, { ...first, ...change }]);
    const without = await ask(site, 'PUT registries/all', { unusedDays: null, isPublic: true });
    const { unusedDays: _, ...rest } = change;
    expect(without.json).to.deep.equal({ ...first, ...rest, isPublic: true });
    await ask(site, 'PUT registries/other', {});
    const page = await ask(site, 'GET registries?n=1');
    expect(page.json).to.deep.equal({ registries: [without.json] });
    expect(page.link).to.equal('</api/v1/virtual_registries?n=1&last=all>; rel="next"');
    expect((await ask(site, 'DELETE registries/all')).status).to.equal(204);
    expect((await ask(site, 'GET registries/all')).status).to.equal(404);
    expect((await ask(site, 'DELETE registries/all')).status).to.equal(404);
    expect((await ask(site, 'GET upstreams/hub')).status).to.equal(200);
  });

  it('refuses registries that cannot be', async () => {
    await addUpstreams('a', 'b', 'c');
    await ask(site, 'PUT registries/one', { hosts: ['mirror.test'] });
    const wrong: readonly (readonly [string, object, number])[] = [
      ['two', { upstreams: ['nobody'] }, 400],
      ['two', { upstreams: ['a', 'a'] }, 400],
      ['two', { upstreams: ['a', 'b', 'c'] }, 409],
      ['two', { hosts: ['mirror.test'] }, 409],
      ['two', { hosts: ['tokyo.test'] }, 400],
      ['two', { hosts: ['Mirror.test'] }, 400],
      ['two', { hosts: ['mirror.test/path'] }, 400],
      ['two', { hosts: ['mirror.test"'] }, 400],
      ['two', { unusedDays: 0 }, 400],
      ['two', { name: 'three' }, 400],
      ['two', { description: 'a\0b' }, 400],
      ['two', { upstreams: ['a\0b'] }, 400],
      ['two%00', {}, 400],
      ['Two', {}, 400],
      ['a%2Fb', {}, 400],
    ];
    for (const [name, body, status] of wrong) {
      const answer = await ask(site, `PUT registries/${name}`, body);
      expect(answer.status, JSON.stringify(body)).to.equal(status);
    }
    await ask(site, 'PUT registries/two', {});
    await ask(site, 'PUT registries/three', {});
    expect((await ask(site, 'PUT registries/four', {})).status).to.equal(409);
    expect((await ask(site, 'PUT registries/three', { isPublic: true })).status).to.equal(200);
  });

  it('takes credentials both or neither, seals the password, and never shows it', async () => {
    const { url } = upstream;
    const login = { username: 'ann', password: PASSWORD };
    const texts: string[] = [];
    const put = async (body: object) => {
      const answer = await ask(site, 'PUT upstreams/hub', body);
      texts.push(answer.text);
      return answer.status;
    };
    expect(await put({ url, ...login })).to.equal(201);
    const sealed = async () => {
      const found = await ports.virtualRegistries.findUpstream('hub');
      return found?.origin.kind === 'remote' ? found.origin.credentials : undefined;
    };
    const first = await sealed();
    expect(first?.sealedPassword).to.be.a('string').that.does.not.include(PASSWORD);
    expect(await put({ username: 'ann' })).to.equal(400);
    expect(await put({ password: PASSWORD })).to.equal(400);
    expect(await put({ validityHours: 1 })).to.equal(200);
    expect(await sealed()).to.deep.equal(first);
    expect(await put({ url: upstream.url.replace('127.0.0.1', '127.0.0.1.nip.test') })).to.equal(
      400,
    );
    expect(await put({ ...login })).to.equal(200);
    expect((await sealed())?.version).to.not.equal(first?.version);
    expect(await put({ username: null, password: null })).to.equal(200);
    expect(await sealed()).to.equal(undefined);
    await put({ ...login });
    const read = await ask(site, 'GET upstreams/hub');
    expect(read.json).to.include({ name: 'hub', username: 'ann', url, validityHours: 1 });
    texts.push(read.text, (await ask(site, 'GET upstreams')).text);
    const log = JSON.stringify(await ports.changeLog.list({ after: 0, limit: 1000 }));
    expect([...texts, log].join()).to.not.include(PASSWORD);
    expect(texts.join()).to.not.include((await sealed())!.sealedPassword);
  });

  it('shows no credentials to another registry because the URL was changed', async () => {
    const other = await TestUpstream.start();
    const login = { username: 'ann', password: PASSWORD };
    await ask(site, 'PUT upstreams/hub', { url: upstream.url, ...login });
    expect((await ask(site, 'PUT upstreams/hub', { url: other.url })).status).to.equal(400);
    const again = await ask(site, 'PUT upstreams/hub', { url: other.url, ...login });
    expect(again.status).to.equal(200);
    const path = await ask(site, 'PUT upstreams/hub', { url: `${other.url}/below` });
    expect([path.status, path.json?.['username']]).to.deep.equal([200, 'ann']);
    await other.close();
  });

  it('V22 A27: refuses URLs that lead where they must not, and what is malformed', async () => {
    const { url } = upstream;
    const wrong = [
      {},
      { url: 'http://169.254.169.254/' },
      { url: 'https://[::1]:1/' },
      { url: 'http://10.0.0.1/' },
      { url: 'http://167772161/' },
      { url: 'file:///etc/passwd' },
      { url: 'gopher://127.0.0.1/' },
      { url: url.replace('//', '//user:secret@') },
      { url: `${url}/?a=b` },
      { url: 'not a url' },
      { url, prefix: 'acme' },
      { prefix: 'virtual_registries/containers/hub' },
      { prefix: 'virtual_registries' },
      { prefix: 'ACME' },
      { url, validityHours: -1 },
      { url, negativeTtlSeconds: 61 },
      { url, allow: ['**/app'] },
      { url, ca: 'no certificate' },
      { url, sealedPassword: 'x' },
    ];
    for (const body of wrong) {
      const answer = await ask(site, 'PUT upstreams/hub', body);
      expect(answer.status, JSON.stringify(body)).to.equal(400);
    }
    expect((await ask(site, 'PUT upstreams/HUB', { url })).status).to.equal(400);
    expect((await ask(site, 'PUT upstreams/own', { prefix: 'acme' })).status).to.equal(201);
    expect(upstream.asked).to.deep.equal([]);
  });

  it('tests an upstream, and says in a sentence what is wrong', async () => {
    await addUpstreams('hub');
    const well = await ask(site, 'POST upstreams/hub/test');
    expect(well.json).to.include({ isWell: true });
    await upstream.close();
    const ill = await ask(site, 'POST upstreams/hub/test');
    expect([ill.status, ill.json?.['isWell']]).to.deep.equal([200, false]);
    expect(ill.json?.['sentence']).to.be.a('string').with.lengthOf.above(5);
    expect((await ask(site, 'POST upstreams/nobody/test')).status).to.equal(404);
  });

  it('A26b: is for administrators alone, whatever there is', async () => {
    await addUpstreams('hub');
    await ask(site, 'PUT registries/all', { upstreams: ['hub'] });
    const account = { kind: 'person', password: PASSWORD, grants: [] };
    await send(`${site.url}/api/v1/accounts/ann`, {
      method: 'PUT',
      body: JSON.stringify(account),
      headers: { 'content-type': 'application/json' },
    });
    const routes = [
      'GET registries',
      'GET upstreams',
      'POST registries/all/upload_tokens',
      ...['GET', 'PUT', 'DELETE'].map((method) => `${method} registries/all`),
      ...['GET', 'PUT', 'DELETE'].map((method) => `${method} upstreams/hub`),
      'POST registries/all/purge',
      'GET registries/all/statistics',
      'POST upstreams/hub/test',
      'POST upstreams/hub/purge',
      'GET upstreams/hub/entries',
      'GET registries/nothing',
      'GET upstreams/nothing',
      'GET upstreams/nothing/entries',
    ];
    const ann = `Basic ${Buffer.from(`ann:${PASSWORD}`).toString('base64')}`;
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const url = `${site.url}/api/v1/virtual_${path}`;
      const stranger = await fetch(url, { method });
      expect(stranger.status, route).to.equal(401);
      const person = await fetch(url, { method, headers: { authorization: ann } });
      expect(person.status, route).to.equal(403);
    }
    expect((await ask(site, 'GET registries/all')).status).to.equal(200);
  });
});

describe('virtual registries at a secondary', () => {
  it('takes what is set at either site, and answers it at both', async () => {
    const pair = await openPair(openMemoryPorts);
    const { primary, secondary } = pair;
    await until('people may log in', async () => {
      return (await ask(secondary, 'GET registries')).status === 200;
    });
    const own = await ask(secondary, 'PUT upstreams/own', { prefix: 'acme' });
    expect(own.status).to.equal(201);
    const made = await ask(secondary, 'PUT registries/all', { upstreams: ['own'] });
    expect(made.status).to.equal(201);
    expect((await ask(primary, 'GET registries/all')).json).to.deep.equal(made.json);
    expect((await ask(secondary, 'GET registries/all')).json).to.deep.equal(made.json);
    await ask(primary, 'PUT registries/all', { isPublic: true });
    await until('it is known', async () => {
      return (await ask(secondary, 'GET registries/all')).json?.['isPublic'] === true;
    });
    expect((await ask(secondary, 'POST upstreams/own/test')).json).to.include({ isWell: true });
    expect((await ask(secondary, 'DELETE registries/all')).status).to.equal(204);
    await pair.close();
  });
});
