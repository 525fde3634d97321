import { expect } from 'chai';
import { digestOf } from '../../../../src/oci/digest.ts';
import { EVENTS_TYPE } from '../../../../src/oci/events/incoming.ts';
import { IMAGE } from '../../../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../../../support/ports.ts';
import { makeImage, push, send, until } from '../../../two-sites/client.ts';
import { ADMIN, startPrimary, type TestSite } from '../../../two-sites/site.ts';

const SETTINGS = { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' };
const TOKEN = '/api/v1/registry_events/token';

interface ImageText {
  readonly id: number;
  readonly source: string;
  readonly repository: string;
  readonly state: string;
  readonly copiedAs?: string;
  readonly message?: string;
}

describe('/api/v1/registry_events', () => {
  let ports: TestPorts;
  let site: TestSite;
  /** Another registry, from which images are copied. */
  let partner: TestSite;
  let token: string;
  let nth = 0;

  before(async () => {
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports, SETTINGS);
    partner = await startPrimary('partner', await openMemoryPorts());
    token = ((await (await send(`${site.url}${TOKEN}`)).json()) as { token: string }).token;
    const body = { url: partner.url, username: ADMIN.user, password: ADMIN.password };
    const change = { ...body, copyTo: 'mirrors/partner', deny: ['secret/**'] };
    expect((await ask('virtual_upstreams/partner', 'PUT', change)).status).to.equal(201);
  });
  after(async () => {
    await site.stop();
    await partner.stop();
  });

  const ask = (path: string, method = 'GET', body?: object) =>
    send(`${site.url}/api/v1/${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
      headers: { 'content-type': 'application/json' },
    });
  const tell = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${site.url}/api/v1/registry_events`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: `Bearer ${token}`, 'content-type': EVENTS_TYPE, ...headers },
    });
  const pushOf = (target: object, change: object = {}) => ({
    id: `event-${nth++}`,
    timestamp: '2026-11-21T12:00:00.123456789+01:00',
    action: 'push',
    target: { mediaType: IMAGE, size: 5, digest: digestOf('x'), repository: 'acme/app', ...target },
    request: { host: 'registry.test:5000', method: 'PUT' },
    actor: { name: 'ann' },
    source: { addr: 'pod-1:5000', instanceID: 'x' },
    ...change,
  });
  const listImages = async (query = '') => {
    const answer = await ask(`external_images${query}`);
    return ((await answer.json()) as { images: ImageText[] }).images;
  };

  it('believes no clock that is ahead, so that a later push still counts', async () => {
    const image = { repository: 'late/app', tag: 'v1' };
    const host = new URL(partner.url).host;
    const tellOf = async (word: string, timestamp: string) => {
      const target = { ...image, digest: digestOf(word) };
      const events = [pushOf(target, { timestamp, request: { host } })];
      expect(await (await tell({ events })).json()).to.include({ recorded: 1, queued: 1 });
    };
    await tellOf('first', '9999-12-31T23:59:59Z');
    await tellOf('second', new Date().toISOString());
    const told = (await listImages()).filter(({ repository }) => repository === image.repository);
    expect(told.map(({ state }) => state === 'superseded')).to.deep.equal([false, true]);
  });

  it('takes what is pushed elsewhere, each event once', async () => {
    const events = [
      pushOf({ tag: 'v1' }),
      pushOf({ mediaType: 'application/octet-stream' }),
      pushOf({}, { action: 'pull' }),
      pushOf({ digest: undefined, tag: 'v1' }, { action: 'delete' }),
    ];
    const first = await tell({ events });
    expect(first.status, await first.clone().text()).to.equal(202);
    expect(await first.json()).to.deep.equal({ received: 4, recorded: 1, queued: 0 });
    expect(await (await tell({ events })).json()).to.include({ recorded: 0 });
    const [image] = await listImages();
    expect(image).to.deep.include({
      source: 'registry.test:5000',
      repository: 'acme/app',
      digest: digestOf('x'),
      tag: 'v1',
      mediaType: IMAGE,
      sizeBytes: 5,
      actor: 'ann',
      pushedAt: '2026-11-21T11:00:00.123Z',
      state: 'recorded',
    });
  });

  it('copies an image of an upstream that is a source, with equal bytes', async () => {
    const image = makeImage(1000, 20);
    await push({ site: partner.url, name: 'acme/app:v3' }, image);
    const { digest } = image;
    const url = `${partner.url}/v2/acme/app/manifests/${digest}`;
    const told = await tell({ events: [pushOf({ digest, tag: 'v3', url })] });
    expect(await told.json()).to.include({ recorded: 1, queued: 1 });
    await until('it is copied', async () => (await listImages())[0]!.state === 'copied');
    const path = `${site.url}/v2/mirrors/partner/acme/app`;
    const pulled = await send(`${path}/manifests/v3`);
    expect(pulled.headers.get('docker-content-digest')).to.equal(digest);
    expect(Buffer.from(await pulled.arrayBuffer()).equals(image.manifest)).to.equal(true);
    for (const blob of [image.config, ...image.layers]) {
      const answer = await send(`${path}/blobs/${digestOf(blob)}`);
      expect(Buffer.from(await answer.arrayBuffer()).equals(blob)).to.equal(true);
    }
    const activity = await ask('activity?path=mirrors/partner');
    const [entry] = ((await activity.json()) as { activity: { actor: string }[] }).activity;
    expect(entry!.actor).to.equal('upstream/partner');
  });

  it('gives up what the registry has no more, and tries it again where told to', async () => {
    const host = new URL(partner.url).host;
    const target = { digest: digestOf('gone'), tag: 'gone' };
    await tell({ events: [pushOf(target, { request: { host } })] });
    await until('it is given up', async () => (await listImages())[0]!.state === 'failed');
    const [image] = await listImages('?state=failed');
    expect(image!.message).to.include('no manifest');
    const again = await ask('external_images/retry', 'POST', { id: image!.id });
    expect([again.status, await again.json()]).to.deep.equal([202, { count: 1 }]);
    expect((await ask('external_images/retry', 'POST', { id: 10_000 })).status).to.equal(404);
  });

  it('copies nothing that the upstream may not answer for, or from nowhere (A27)', async () => {
    const host = new URL(partner.url).host;
    const events = [
      pushOf({ repository: 'secret/app' }, { request: { host } }),
      pushOf({ url: 'http://169.254.169.254/v2/acme/app/manifests/x' }),
      pushOf({ url: 'file:///etc/passwd' }),
    ];
    expect(await (await tell({ events })).json()).to.include({ recorded: 3, queued: 0 });
  });

  it('takes nothing but that token, which opens nothing else (A20)', async () => {
    const basic = `Basic ${Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64')}`;
    const login = { headers: { authorization: basic } };
    const scope = 'service=test&scope=registry:api:*';
    const jwt = (await (await fetch(`${site.url}/jwt/auth?${scope}`, login)).json()) as {
      token: string;
    };
    const events = { events: [pushOf({})] };
    const wrong = [
      '',
      basic,
      `Bearer ${jwt.token}`,
      `Bearer ${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
      `Bearer ${token}x`,
      `Basic ${Buffer.from(`admin:${token}`).toString('base64')}`,
    ];
    for (const authorization of wrong) {
      const answer = await tell(events, { authorization });
      expect(answer.status, authorization).to.equal(401);
    }
    const paths = ['/v2/', '/api/v1/accounts', '/api/v1/activity', TOKEN, '/api/v1/feed'];
    for (const path of paths) {
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(`${site.url}${path}`, { headers })).status, path).to.equal(401);
    }
    const asPassword = { authorization: wrong.at(-1)! };
    expect((await fetch(`${site.url}/v2/`, { headers: asPassword })).status).to.equal(401);
    for (const path of ['external_images', 'registry_events/token']) {
      expect((await fetch(`${site.url}/api/v1/${path}`)).status, path).to.equal(401);
    }
  });

  it('shows the token again, and resets it', async () => {
    expect(await (await send(`${site.url}${TOKEN}`)).json()).to.deep.equal({ token });
    const before = token;
    const reset = await send(`${site.url}${TOKEN}`, { method: 'POST' });
    ({ token } = (await reset.json()) as { token: string });
    expect(token)
      .to.match(/^mre_[\w-]{43}$/)
      .and.to.not.equal(before);
    const old = { authorization: `Bearer ${before}` };
    expect((await tell({ events: [pushOf({})] }, old)).status).to.equal(401);
    expect((await tell({ events: [pushOf({})] })).status).to.equal(202);
  });

  it('refuses what is no such envelope in one sentence, and takes none of it', async () => {
    const known = (await listImages('?n=1000')).length;
    const good = pushOf({});
    const wrong: [unknown, string][] = [
      ['{', 'the body is not JSON'],
      [{}, 'events'],
      [{ events: [] }, 'events'],
      [{ events: Array.from({ length: 1001 }, () => good) }, 'events'],
      [{ events: [good, pushOf({ digest: 'sha256:../../x' })] }, 'events.1.target.digest'],
      [{ events: [pushOf({ digest: undefined })] }, 'a push names a digest'],
      [{ events: [pushOf({ repository: '../x' })] }, 'events.0.target.repository'],
      [{ events: [pushOf({ tag: 'a b' })] }, 'events.0.target.tag'],
      [{ events: [pushOf({ size: -1 })] }, 'events.0.target.size'],
      [{ events: [pushOf({}, { action: 'exec' })] }, 'events.0.action'],
      [{ events: [pushOf({}, { timestamp: 'now' })] }, 'events.0.timestamp'],
      [{ events: [pushOf({}, { id: '' })] }, 'an id has'],
      [{ events: [pushOf({}, { id: 'a\r\nb' })] }, 'an id has'],
      [{ events: [pushOf({}, { actor: { name: 'a\0' } })] }, 'events.0.actor.name'],
    ];
    for (const [body, part] of wrong) {
      const answer = await tell(body);
      const { errors } = (await answer.json()) as { errors: { message: string }[] };
      expect(answer.status, part).to.equal(400);
      expect(errors).to.have.lengthOf(1);
      expect(errors[0]!.message).to.include(part).and.to.not.include(';');
    }
    expect((await tell({ events: [good] }, { 'content-type': 'text/html' })).status).to.equal(415);
    const large = { events: [good], padding: 'x'.repeat(1024 * 1024) };
    expect((await tell(large)).status).to.equal(413);
    expect(await listImages('?n=1000')).to.have.lengthOf(known);
  });

  it('lets hostile keys and texts do nothing (A6, A7)', async () => {
    const script = '<script>alert(1)</script>';
    const event = JSON.stringify(pushOf({}, { actor: { name: script } })).slice(1);
    const keys = '"__proto__":{"isAdministrator":true},"constructor":{"prototype":{"x":1}},';
    const body = `{"__proto__":{"x":1},"events":[{${keys}${event}]}`;
    expect((await tell(body)).status).to.equal(202);
    expect(({} as Record<string, unknown>)['x']).to.equal(undefined);
    expect(({} as Record<string, unknown>)['isAdministrator']).to.equal(undefined);
    const answer = await ask('external_images?n=1');
    expect(answer.headers.get('content-type')).to.equal('application/json');
    const { images } = (await answer.json()) as { images: { actor: string }[] };
    expect(images[0]!.actor).to.equal(script);
    expect(Object.keys(images[0]!)).to.not.include('isAdministrator');
  });
});
