import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import { jsonOf } from '../../conformance/exchange.ts';
import type { PutImage } from '../../virtual/upstream.ts';
import { HUB, NAME, openStand, READ, type Stand } from './stand.ts';

const ALPINE = `${HUB}/library/alpine`;

interface Wanted {
  readonly kind: 'manifest' | 'blob';
  readonly reference: string;
}

describe('what is handed over to a virtual registry', () => {
  let stand: Stand;
  let image: PutImage;

  beforeEach(async () => {
    stand = await openStand();
    image = stand.upstream.putImage('library/alpine', '3', 'alpine');
  });
  afterEach(() => stand.close());

  const askToken = (wanted: object, as = 'admin') =>
    stand.ask('POST /api/v1/virtual_registries/hub/upload_tokens', {
      as,
      body: { upstream: 'hub', image: 'library/alpine', ...wanted },
    });
  const tokenFor = async (wanted: Wanted) => {
    const answer = await askToken(wanted);
    expect([answer.status, answer.headers['cache-control']]).to.deep.equal([201, 'no-store']);
    return jsonOf<{ token: string }>(answer).token;
  };
  const give = (path: string, token: string, body: Buffer) => {
    const headers = { 'content-type': image.mediaType };
    return stand.ask(`POST ${path}/upload`, { token, body, headers });
  };
  const manifestPath = `${ALPINE}/manifests/3`;

  /** The bytes of a blob, as a trusted party would have fetched them. */
  const fetchBlob = async (digest: string) => {
    const answer = await fetch(`${stand.upstream.url}/v2/library/alpine/blobs/${digest}`);
    return Buffer.from(await answer.arrayBuffer());
  };

  it('is answered from then on, without asking the upstream', async () => {
    const token = await tokenFor({ kind: 'manifest', reference: '3' });
    const made = await give(manifestPath, token, image.content);
    expect([made.status, made.headers['docker-content-digest']]).to.deep.equal([201, image.digest]);
    expect(made.headers.location).to.equal(`${ALPINE}/manifests/${image.digest}`);
    const layer = await fetchBlob(image.layer);
    const blobToken = await tokenFor({ kind: 'blob', reference: image.layer });
    const blobPath = `${ALPINE}/blobs/${image.layer}`;
    expect((await give(blobPath, blobToken, layer)).status).to.equal(201);
    stand.upstream.forget();
    const pulled = await stand.ask(`GET ${manifestPath}`);
    expect([pulled.status, pulled.headers['meridian-source']]).to.deep.equal([200, 'hit']);
    expect((await stand.ask(`GET ${blobPath}`)).body.equals(layer)).to.equal(true);
    expect(stand.upstream.asked).to.deep.equal([]);
  });

  it('A32: is proven, whatever the token says', async () => {
    const other = Buffer.from('other bytes');
    const byDigest = await tokenFor({ kind: 'manifest', reference: image.digest });
    const wrong = await give(`${ALPINE}/manifests/${image.digest}`, byDigest, other);
    expect(wrong.status).to.equal(400);
    const token = await tokenFor({ kind: 'manifest', reference: '3' });
    expect((await give(manifestPath, token, other)).status).to.equal(400);
    await give(manifestPath, token, image.content);
    const blob = await tokenFor({ kind: 'blob', reference: image.layer });
    expect((await give(`${ALPINE}/blobs/${image.layer}`, blob, other)).status).to.equal(400);
    const stranger = digestOf(other);
    const unnamed = await tokenFor({ kind: 'blob', reference: stranger });
    expect((await give(`${ALPINE}/blobs/${stranger}`, unnamed, other)).status).to.equal(404);
    const pulled = await stand.ask(`GET ${ALPINE}/blobs/${image.layer}`);
    expect(digestOf(pulled.body)).to.equal(image.layer);
  });

  it('A20 A34: comes in by a token for that very object, and by no other', async () => {
    const { ask, logIn } = stand;
    await stand.addAccount('reader', { 'virtual_registries/**': [READ, 'admin'], '**': ['push'] });
    const token = await tokenFor({ kind: 'manifest', reference: '3' });
    const ordinary = await logIn(`repository:${NAME}:pull,push`);
    const reader = await logIn(`repository:${NAME}:pull,push`, 'reader');
    const admin = await logIn('registry:api:*', 'admin');
    for (const wrong of ['', 'x', ordinary, reader, admin]) {
      expect((await give(manifestPath, wrong, image.content)).status).to.equal(401);
    }
    const byPassword = await ask(`POST ${manifestPath}/upload`, { body: image.content });
    expect(byPassword.status).to.equal(401);
    const elsewhere = [
      `${ALPINE}/manifests/4`,
      `${ALPINE}/manifests/${image.digest}`,
      `${HUB}/library/other/manifests/3`,
      '/v2/virtual_registries/containers/other/library/alpine/manifests/3',
      `${ALPINE}/blobs/${image.layer}`,
    ];
    for (const path of elsewhere) {
      expect((await give(path, token, image.content)).status, path).to.equal(401);
    }
    for (const what of [`GET ${manifestPath}`, 'GET /v2/', 'GET /api/v1/virtual_registries']) {
      expect((await ask(what, { token })).status, what).to.equal(401);
    }
    expect(
      (await stand.ports.virtualCache.listEntries({ upstream: 'hub', limit: 9 })).length,
    ).to.equal(0);
  });

  it('A23: counts no more when its administrator is none', async () => {
    await stand.addAccount('second', { '**': ['admin'] });
    const answer = await askToken({ kind: 'manifest', reference: '3' }, 'second');
    const { token } = jsonOf<{ token: string }>(answer);
    await stand.addAccount('second', { '**': ['pull'] });
    expect((await give(manifestPath, token, image.content)).status).to.equal(401);
  });

  it('is let in by administrators and sites, for an upstream of the registry', async () => {
    await stand.addAccount('reader', { '**': [READ] });
    const wanted = { kind: 'manifest', reference: '3' };
    expect((await askToken(wanted, 'reader')).status).to.equal(403);
    expect((await askToken({ ...wanted, upstream: 'other' })).status).to.equal(404);
    expect((await askToken({ kind: 'blob', reference: '3' })).status).to.equal(400);
    expect((await askToken({ kind: 'manifest', reference: 'a:b' })).status).to.equal(400);
    const site = await stand.ask('POST /api/v1/virtual_registries/hub/upload_tokens', {
      body: { upstream: 'hub', image: 'library/alpine', ...wanted },
      headers: { authorization: stand.site.authorize() },
    });
    const { token } = jsonOf<{ token: string }>(site);
    expect((await give(manifestPath, token, image.content)).status).to.equal(201);
  });
});
