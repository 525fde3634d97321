import { expect } from 'chai';
import { openReceiver, type Receiver } from '../../storage/http/receiver.ts';
import { blobOf, imageOf, patternOf, repositoryNamed } from '../../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';
import { send, until } from '../../two-sites/client.ts';
import { startPrimary, type TestSite } from '../../two-sites/site.ts';

const repository = repositoryNamed('acme/app');
const SECRET = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
const SETTINGS = { MERIDIAN_WEBHOOK_NETWORKS: '127.0.0.1', MERIDIAN_WEBHOOK_ATTEMPTS: '1' };

interface Page {
  readonly deliveries: readonly {
    readonly event: { readonly id: string };
    readonly state: string;
    readonly message?: string;
  }[];
}

describe('/api/v1/webhooks', () => {
  let ports: TestPorts;
  let site: TestSite;
  let receiver: Receiver;

  beforeEach(async () => {
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports, SETTINGS);
    receiver = await openReceiver();
  });

  afterEach(async () => {
    await site.stop();
    await receiver.close();
  });

  const ask = (path: string, method = 'GET', body?: object) =>
    send(`${site.url}/api/v1/webhooks${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
      headers: { 'content-type': 'application/json' },
    });
  const put = (name: string, body: object) => ask(`/${name}`, 'PUT', body);
  const arrive = async (...words: string[]) => {
    for (const word of words) {
      const manifest = imageOf(word);
      await ports.metadata.linkBlob({ repository, digest: blobOf(word), sizeBytes: 1, actor: '' });
      const record = { repository, manifest, tags: [], mayOverwrite: true, actor: '' };
      await ports.metadata.recordManifest(record);
      const { digest } = manifest;
      await ports.arrivals.record([{ site: 'lisbon', repository, digest, at: new Date() }]);
    }
  };
  const listDeliveries = async (query = '') => {
    const answer = await ask(`/ci/deliveries${query}`);
    expect(answer.status).to.equal(200);
    return { link: answer.headers.get('link'), ...((await answer.json()) as Page) };
  };

  const view = async (name: string) => (await ask(`/${name}`)).json();

  it('sends what was given for one receiver to no other one by its URL alone', async () => {
    const other = await openReceiver();
    const headers = { authorization: 'Bearer for-the-first' };
    await put('ci', { url: receiver.url, secret: SECRET, headers });
    const wrong = [{}, { secret: SECRET }, { headers: null }];
    for (const rest of wrong) {
      const answer = await put('ci', { url: other.url, ...rest });
      expect(answer.status, JSON.stringify(rest)).to.equal(400);
      expect(await answer.text()).to.contain('give the secret and the headers again');
    }
    expect(await view('ci')).to.deep.include({ url: receiver.url, hasSecret: true });
    const path = new URL('/elsewhere', receiver.url).href;
    expect((await put('ci', { url: path })).status).to.equal(200);
    expect(await view('ci')).to.deep.include({ headers: ['authorization'], hasSecret: true });
    const given = { url: other.url, secret: null, headers: { 'x-new': 'a' } };
    expect((await put('ci', given)).status).to.equal(200);
    expect(await view('ci')).to.deep.include({ headers: ['x-new'], hasSecret: false });
    await other.close();
  });

  it('creates, changes, lists and deletes them, and never shows a secret', async () => {
    const made = await put('ci', { url: receiver.url, secret: SECRET, sites: ['lisbon'] });
    expect(made.status).to.equal(201);
    const first = {
      name: 'ci',
      url: receiver.url,
      isEnabled: true,
      hasSecret: true,
      types: ['image.complete'],
      repositories: ['**'],
      sites: ['lisbon'],
      format: 'cloudevents',
      headers: [],
      waiting: 0,
      dead: 0,
      dropped: 0,
    };
    const texts = [await made.text()];
    const changed = await put('ci', { isEnabled: false, repositories: ['acme/**'] });
    expect(changed.status).to.equal(200);
    texts.push(await changed.text());
    const second = { ...first, isEnabled: false, repositories: ['acme/**'] };
    expect(texts.map((text) => JSON.parse(text) as object)).to.deep.equal([first, second]);
    expect((await ports.webhooks.find('ci'))!.secret).to.equal(SECRET);
    texts.push(await (await ask('')).text(), await (await ask('/ci')).text());
    expect(JSON.parse(texts[2]!)).to.deep.equal({ webhooks: [second] });
    expect(texts.join()).to.not.include(SECRET.slice('whsec_'.length));
    await put('ci', { secret: null });
    expect((await ports.webhooks.find('ci'))!.secret).to.equal(undefined);
    expect((await ask('/ci', 'DELETE')).status).to.equal(204);
    expect((await ask('/ci')).status).to.equal(404);
    expect((await ask('/ci', 'DELETE')).status).to.equal(404);
  });

  it('refuses addresses that are not public, and what is malformed', async () => {
    const { url } = receiver;
    const wrong = [
      {},
      { url: 'http://169.254.169.254/latest/meta-data' },
      { url: 'http://[::1]:1/' },
      { url: 'file:///etc/passwd' },
      { url: 'http://user:secret@127.0.0.1/' },
      { url, secret: 'short' },
      { url, types: ['image.unknown'] },
      { url, repositories: ['**/app'] },
      { url, method: 'GET' },
    ];
    for (const body of wrong) {
      expect((await put('ci', body)).status, JSON.stringify(body)).to.equal(400);
    }
    expect((await put('CI', { url })).status).to.equal(400);
    expect(await ports.webhooks.list()).to.deep.equal([]);
  });

  it('writes as it is told to, with headers that nobody is shown (A26i, A40)', async () => {
    const token = 'Bearer not-to-be-shown';
    const pace = { timeoutMs: 2000, threshold: 5, backoffMs: 500 };
    const headers = { Authorization: token, constructor: 'x' };
    const body = { url: receiver.url, format: 'distribution', headers, ...pace };
    const made = await put('ci', { ...body, mediaTypes: ['application/a'] });
    expect(made.status).to.equal(201);
    const texts = [
      await made.text(),
      await (await ask('/ci')).text(),
      await (await ask('')).text(),
    ];
    const shown = JSON.parse(texts[0]!) as object;
    expect(shown).to.include({ format: 'distribution', ...pace });
    expect(shown).to.deep.include({
      types: ['push', 'pull', 'mount', 'delete'],
      headers: ['Authorization', 'constructor'],
      mediaTypes: ['application/a'],
    });
    expect(texts.join()).to.not.include('not-to-be-shown');
    const changed = await put('ci', { threshold: null, mediaTypes: null, types: ['push'] });
    const after = (await changed.json()) as object;
    expect(after).to.not.have.any.keys('threshold', 'mediaTypes');
    const wants = { types: ['push'], repositories: ['**'], sites: [] };
    expect(await ports.webhooks.find('ci')).to.deep.equal({
      name: 'ci',
      url: receiver.url,
      isEnabled: true,
      format: 'distribution',
      headers,
      timeoutMs: 2000,
      backoffMs: 500,
      wants,
    });
    await put('ci', { headers: null });
    expect(await ports.webhooks.find('ci')).to.not.have.property('headers');
  });

  it('refuses what cannot be written (A6, A8, A40)', async () => {
    const { url } = receiver;
    const wrong = [
      { headers: { Host: 'elsewhere' } },
      { headers: { 'content-length': '0' } },
      { headers: { 'Webhook-Signature': 'v1,forged' } },
      { headers: { 'X-Token': 'a\r\nX-Other: b' } },
      { headers: { 'X Token': 'a' } },
      { headers: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`X-${at}`, 'a'])) },
      { format: 'distribution', types: ['image.complete'] },
      { format: 'slack' },
      { mediaTypes: [] },
      { repositories: ['(a+)+$'] },
      { timeoutMs: 0 },
      { threshold: 0.5 },
      { backoffMs: -1 },
    ];
    for (const body of wrong) {
      const answer = await put('ci', { url, ...body });
      expect(answer.status, JSON.stringify(body)).to.equal(400);
    }
    expect(await ports.webhooks.list()).to.deep.equal([]);
    await put('ci', { url, headers: { ['__proto__']: 'a' } });
    expect((await ports.webhooks.find('ci'))!.headers).to.deep.equal({});
    const polluting = await put('ci', { ['__proto__']: { isEnabled: false } });
    expect(polluting.status).to.equal(400);
  });

  it('lets one be disabled whose address is public no more', async () => {
    const types = ['image.complete'] as const;
    const wants = { types, repositories: [patternOf('**')], sites: [] };
    await ports.webhooks.record({ name: 'ci', url: 'http://10.0.0.1/', isEnabled: true, wants });
    expect((await put('ci', { isEnabled: false })).status).to.equal(200);
  });

  it('takes no more than a hundred', async () => {
    for (let count = 0; count < 100; count++) await put(`w${count}`, { url: receiver.url });
    expect((await put('one-more', { url: receiver.url })).status).to.equal(409);
    expect((await put('w5', { isEnabled: false })).status).to.equal(200);
  });

  it('lists what was told and what was given up, and sends it again', async () => {
    receiver.answer = (response) => void response.writeHead(500).end('secret inside');
    await put('ci', { url: receiver.url });
    await arrive('a', 'b', 'c');
    await until('all is given up', async () => (await ports.outbox.count('ci')).dead === 3);
    const first = await listDeliveries('?n=2');
    expect(first.deliveries.map(({ state }) => state)).to.deep.equal(['dead', 'dead']);
    expect(first.deliveries[0]).to.include({ message: 'answered 500', reason: 'refused' });
    expect(JSON.stringify(first)).to.not.include('secret inside');
    const [, next] = /<\/api\/v1\/webhooks\/ci\/deliveries(.*)>; rel="next"/.exec(first.link!)!;
    const second = await listDeliveries(next);
    expect(second.deliveries).to.have.lengthOf(1);
    expect(second.link).to.equal(null);

    receiver.answer = (response) => void response.writeHead(204).end();
    const [event] = second.deliveries;
    const again = await ask('/ci/redeliver', 'POST', { event: event!.event.id });
    expect([again.status, await again.json()]).to.deep.equal([202, { count: 1 }]);
    await until('it is told', async () => {
      return (await listDeliveries('?state=delivered')).deliveries.length === 1;
    });
    const rest = await ask('/ci/redeliver', 'POST', {});
    expect(await rest.json()).to.deep.equal({ count: 2 });
    await until('all is told', async () => {
      return (await listDeliveries('?state=delivered')).deliveries.length === 3;
    });
    expect(receiver.told).to.have.lengthOf(6);
    const unknown = await ask('/ci/redeliver', 'POST', { event: 'ab' });
    expect(unknown.status).to.equal(404);
    expect((await ask('/ci/deliveries?state=lost')).status).to.equal(400);
    expect((await ask('/other/deliveries')).status).to.equal(404);
  });

  it('is for administrators alone', async () => {
    await put('ci', { url: receiver.url });
    const routes = [
      ['GET', ''],
      ['GET', '/ci'],
      ['PUT', '/ci'],
      ['DELETE', '/ci'],
      ['GET', '/ci/deliveries'],
      ['POST', '/ci/redeliver'],
    ];
    for (const [method, path] of routes) {
      const answer = await fetch(`${site.url}/api/v1/webhooks${path}`, { method: method! });
      expect(answer.status, `${method} ${path}`).to.equal(401);
    }
  });
});
