import { expect } from 'chai';
import { jsonOf } from '../../conformance/exchange.ts';
import type { PutImage } from '../../virtual/upstream.ts';
import { HUB, MIRROR, NAME, openStand, READ, type Stand } from './stand.ts';

const ALPINE = `${HUB}/library/alpine`;
const PULL = `repository:${NAME}:pull`;

describe('who may read a virtual registry', () => {
  let stand: Stand;
  let image: PutImage;

  before(async () => {
    stand = await openStand({ MERIDIAN_ANONYMOUS_PULL: 'true' });
    image = stand.upstream.putImage('library/alpine', '3', 'alpine');
    await stand.addAccount('reader', { 'virtual_registries/containers/hub/library/**': [READ] });
    await stand.addAccount('puller', { '**': ['pull', 'push', 'overwrite', 'delete'] });
  });
  beforeEach(() => stand.setRegistry({ isPublic: false }));
  after(() => stand.close());

  /** The status with a token that was asked for by the challenge, as clients do. */
  const pull = async (path: string, as?: string) => {
    const first = await stand.ask(`GET ${path}`, { token: '' });
    expect(first.status).to.equal(401);
    const challenge = String(first.headers['www-authenticate']);
    const [, scope = ''] = /scope="([^"]+)"/.exec(challenge) ?? [];
    expect(challenge).to.include(`realm="${stand.site.url}/jwt/auth"`);
    const token = await stand.logIn(scope, as);
    return (await stand.ask(`GET ${path}`, { token })).status;
  };

  it('V18: whoever has the right, by either spelling, and nobody who may only pull', async () => {
    for (const base of [ALPINE, ALPINE.replace('containers', 'container')]) {
      for (const path of [
        `${base}/manifests/3`,
        `${base}/blobs/${image.layer}`,
        `${base}/tags/list`,
      ]) {
        expect(await pull(path, 'reader')).to.equal(200);
        expect(await pull(path, 'admin')).to.equal(200);
        expect(await pull(path, 'puller')).to.equal(403);
        expect(await pull(path)).to.equal(403);
      }
    }
    expect(await pull(`${HUB}/acme/app/manifests/1`, 'reader')).to.equal(403);
    expect(await pull('/v2/virtual_registries/containers/none/a/manifests/1', 'reader')).to.equal(
      403,
    );
  });

  it('A22: a token for it does no more than read it', async () => {
    const all = `repository:${NAME}:pull,push,delete,admin repository:acme/app:pull,push`;
    const token = await stand.logIn(all, 'reader');
    const [, claims = ''] = token.split('.');
    const { access } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
      access: unknown;
    };
    expect(access).to.deep.equal([
      { type: 'repository', name: NAME, actions: ['pull'] },
      { type: 'repository', name: 'acme/app', actions: [] },
    ]);
    const other = await stand.ask('GET /v2/acme/app/manifests/1', { token });
    expect(other.status).to.equal(403);
  });

  it('A20 A21: takes no token of another service, and none that is altered', async () => {
    const token = await stand.logIn(PULL, 'reader');
    const [head, , tail] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'admin', access: [] })).toString('base64url');
    for (const wrong of [`${head}.${claims}.${tail}`, 'x', `${token}x`]) {
      const answer = await stand.ask(`GET ${ALPINE}/manifests/3`, { token: wrong });
      expect(answer.status).to.equal(401);
    }
  });

  it('lets everybody read one that is public, with an anonymous token', async () => {
    const anonymous = await stand.logIn(PULL);
    expect((await stand.ask(`GET ${ALPINE}/manifests/3`, { token: anonymous })).status).to.equal(
      403,
    );
    await stand.setRegistry({ isPublic: true });
    expect(await pull(`${ALPINE}/manifests/3`)).to.equal(200);
    expect(await pull(`${ALPINE}/manifests/3`, 'puller')).to.equal(200);
    await stand.setRegistry({ isPublic: false });
    expect(await pull(`${ALPINE}/manifests/3`)).to.equal(403);
  });

  it('V18: mounts nothing of a cache into a repository', async () => {
    await stand.ask(`GET ${ALPINE}/blobs/${image.layer}`);
    const token = await stand.logIn(`repository:acme/app:pull,push ${PULL}`, 'puller');
    const query = `mount=${image.layer}&from=${NAME}`;
    const mount = await stand.ask(`POST /v2/acme/app/blobs/uploads/?${query}`, { token });
    expect(mount.status).to.equal(202);
    const head = await stand.ask(`HEAD /v2/acme/app/blobs/${image.layer}`);
    expect(head.status).to.equal(404);
  });

  it('lets other sites of the cluster read', async () => {
    const headers = { authorization: stand.site.authorize() };
    const answer = await stand.ask(`GET ${ALPINE}/manifests/3`, { headers });
    expect(answer.status).to.equal(200);
  });
});

describe('a virtual registry as a mirror', () => {
  const host = { host: MIRROR };
  let stand: Stand;
  let image: PutImage;

  before(async () => {
    stand = await openStand({ MERIDIAN_PUBLIC_URL: 'https://registry.test' });
    image = stand.upstream.putImage('library/alpine', '3', 'alpine');
    await stand.addAccount('reader', { 'virtual_registries/containers/hub/**': [READ] });
    await stand.addAccount('puller', { '**': ['pull'] });
  });
  after(() => stand.close());

  it('challenges under its host, and reads scopes as its own', async () => {
    const ping = await stand.ask('GET /v2/', { token: '', headers: host });
    const realm = `realm="https://${MIRROR}/jwt/auth"`;
    expect([ping.status, ping.headers['www-authenticate']]).to.deep.equal([
      401,
      `Bearer ${realm},service="test"`,
    ]);
    const path = 'GET /v2/library/alpine/manifests/3';
    const first = await stand.ask(path, { token: '', headers: host });
    const scope = 'repository:library/alpine:pull';
    expect(first.headers['www-authenticate']).to.equal(
      `Bearer ${realm},service="test",scope="${scope}"`,
    );
    const token = await stand.logIn(scope, 'reader', host);
    const answer = await stand.ask(path, { token, headers: host });
    expect([answer.status, answer.headers['docker-content-digest']]).to.deep.equal([
      200,
      image.digest,
    ]);
    const blob = `GET /v2/library/alpine/blobs/${image.layer}`;
    expect((await stand.ask(blob, { token, headers: host })).status).to.equal(200);
    expect((await stand.ask('GET /v2/', { token, headers: host })).status).to.equal(200);
    const puller = await stand.logIn(scope, 'puller', host);
    expect((await stand.ask(path, { token: puller, headers: host })).status).to.equal(403);
  });

  it('means by the same name something else under another host', async () => {
    const path = 'GET /v2/library/alpine/manifests/3';
    expect((await stand.ask(path)).status).to.equal(404);
    const token = await stand.logIn('repository:library/alpine:pull', 'reader', host);
    expect((await stand.ask(path, { token })).status).to.equal(401);
    const plain = await stand.logIn('repository:library/alpine:pull', 'reader');
    expect((await stand.ask(path, { token: plain, headers: host })).status).to.equal(401);
  });

  it('lists tags under the name that the client knows', async () => {
    const answer = await stand.ask('GET /v2/library/alpine/tags/list?n=1', { headers: host });
    expect(jsonOf(answer)).to.deep.equal({ name: 'library/alpine', tags: ['3'] });
  });

  it('V17: honours ns there alone, and says so', async () => {
    const { ask } = stand;
    const get = (path: string, headers = {}) => ask(`GET ${path}`, { headers });
    const mirrored = await get('/v2/library/alpine/manifests/3?ns=docker.io', host);
    expect([mirrored.status, mirrored.headers['oci-namespace']]).to.deep.equal([200, 'docker.io']);
    const blob = await get(`/v2/library/alpine/blobs/${image.layer}?ns=docker.io`, host);
    expect([blob.status, blob.headers['oci-namespace']]).to.deep.equal([200, 'docker.io']);
    expect((await get('/v2/library/alpine/manifests/3?ns=quay.io', host)).status).to.equal(404);
    const plain = await get(`${ALPINE}/manifests/3?ns=quay.io`);
    expect([plain.status, plain.headers['oci-namespace']]).to.deep.equal([200, undefined]);
  });

  it('V16: takes no writes there, and shows nothing else of this registry', async () => {
    for (const what of ['PUT /v2/acme/app/manifests/1', 'POST /v2/acme/app/blobs/uploads/']) {
      const answer = await stand.ask(what, { headers: host, body: Buffer.from('{}') });
      expect(answer.status, what).to.equal(405);
    }
    expect((await stand.ask('GET /v2/_catalog', { headers: host })).status).to.equal(404);
  });

  it('A39: no other host, and no forwarded one, becomes a mirror or a realm', async () => {
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { host: 'evil.test' },
      { host: 'mirror.test' },
      { host: 'mirror.test:5001' },
      { host: `${MIRROR}.evil.test` },
      { host: 'registry.test', 'x-forwarded-host': MIRROR },
      { host: 'registry.test', forwarded: `host="${MIRROR}"` },
    ];
    for (const headers of wrong) {
      const answer = await stand.ask('GET /v2/library/alpine/manifests/3', { token: '', headers });
      const challenge = String(answer.headers['www-authenticate']);
      expect(challenge, JSON.stringify(headers)).to.include(
        'realm="https://registry.test/jwt/auth"',
      );
      const open = await stand.ask('GET /v2/library/alpine/manifests/3', { headers });
      expect(open.status).to.equal(404);
    }
    const upper = await stand.ask('GET /v2/library/alpine/manifests/3', {
      headers: { host: MIRROR.toUpperCase() },
    });
    expect(upper.status).to.equal(200);
  });

  it('is one no more in the moment in which its host is taken away', async () => {
    const get = () => stand.ask('GET /v2/library/alpine/manifests/3', { headers: host });
    expect((await get()).status).to.equal(200);
    await stand.setRegistry({ hosts: [] });
    expect((await get()).status).to.equal(404);
    await stand.setRegistry({ hosts: [MIRROR] });
    expect((await get()).status).to.equal(200);
  });
});
