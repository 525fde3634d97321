import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../src/oci/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-type.ts';
import type { Action, Grant } from '../../src/storage/accounts.ts';
import { patternOf } from '../support/content.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { Attacker, codeOf } from './attacker.ts';

const grant = (pattern: string, ...actions: Action[]): Grant => ({
  pattern: patternOf(pattern),
  actions,
});
const SECRET = Buffer.from('a layer that only acme/private has');
const CONFIG = Buffer.from('{}');

function imageWith(extra: object = {}): string {
  const config = { mediaType: OCI_MANIFEST, digest: digestOf(CONFIG), size: CONFIG.length };
  const base = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
  return JSON.stringify({ ...base, ...extra });
}

describe('abuse of content', () => {
  let registry: TestRegistry;
  let attacker: Attacker;

  before(async () => {
    const eve = [grant('eve/**', 'pull', 'push'), grant('public/**', 'pull')];
    registry = await startRegistry({ accounts: { eve } });
    attacker = new Attacker(registry);
    await attacker.pushBlob('acme/private', SECRET);
  });
  after(() => registry.close());

  const putManifest = (path: string, body: string, type = OCI_MANIFEST) =>
    attacker.send('PUT', `/v2/${path}`, { body, headers: { 'content-type': type } });

  it('A1 cuts pages of any n, and takes no n that is no number', async () => {
    await attacker.pushBlob('acme/pages', CONFIG);
    await putManifest('acme/pages/manifests/v1', imageWith());
    for (const path of ['/v2/_catalog', '/v2/acme/pages/tags/list']) {
      for (const n of ['2147483647', '9000000000000000000']) {
        expect((await attacker.send('GET', `${path}?n=${n}`)).status).to.be.oneOf([200, 400]);
      }
      for (const n of ['-1', 'x', '1e9', '0x10']) {
        expect((await attacker.send('GET', `${path}?n=${n}`)).status, n).to.equal(400);
      }
    }
  });

  it('A2 refuses manifests that are too large, too deep, encoded, or too many', async () => {
    const large = imageWith({ annotations: { a: 'x'.repeat(MAX_MANIFEST_BYTES) } });
    expect((await putManifest('acme/big/manifests/v1', large)).status).to.equal(413);
    const deep = `{"schemaVersion":2,"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    expect((await putManifest('acme/big/manifests/v1', deep)).status).to.equal(400);
    const headers = { 'content-type': OCI_MANIFEST, 'content-encoding': 'gzip' };
    const zipped = await attacker.send('PUT', '/v2/acme/big/manifests/v1', {
      body: imageWith(),
      headers,
    });
    expect(zipped.status).to.be.oneOf([400, 415]);
    const layer = { mediaType: 'a/b', digest: digestOf(SECRET), size: 1 };
    const many = imageWith({ layers: Array.from({ length: 30_000 }, () => layer) });
    expect((await putManifest('acme/big/manifests/v1', many)).status).to.be.oneOf([400, 413]);
  });

  it('A3 reaches no storage by names, digests or ids that are none', async () => {
    const names = [
      '..',
      'a/../b',
      '%2e%2e%2fb',
      'a%2Fb',
      'a%5Cb',
      'a//b',
      'a%00b',
      'A',
      '_a',
      '%C0%AF',
    ];
    const basic = Buffer.from(`admin:${registry.password}`).toString('base64');
    for (const name of names) {
      const answer = await attacker.raw(
        `GET /v2/${name}/tags/list HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
          `Authorization: Basic ${basic}\r\n\r\n`,
      );
      expect(answer, name).to.match(/^HTTP\/1\.1 40[04] /);
    }
    const hex = 'a'.repeat(64);
    for (const digest of [
      'sha256:../../x',
      `sha256:${hex.slice(1)}`,
      `sha256:${hex.toUpperCase()}`,
      `md5:${hex}`,
    ]) {
      const answer = await attacker.send('GET', `/v2/acme/app/blobs/${encodeURIComponent(digest)}`);
      expect(answer.status, digest).to.be.oneOf([400, 404]);
    }
    for (const id of ['x', '..%2F..%2Fetc', "' OR 1=1 --"]) {
      const path = `/v2/acme/app/blobs/uploads/${encodeURIComponent(id)}`;
      expect((await attacker.send('PATCH', path)).status).to.be.oneOf([400, 404]);
    }
  });

  it('A5 refuses a manifest that means two things', async () => {
    const both = imageWith({ manifests: [] });
    const otherType = imageWith({ mediaType: OCI_INDEX });
    const twice = imageWith().replace('{', `{"mediaType":"${OCI_INDEX}",`);
    for (const body of [both, otherType, twice]) {
      const answer = await putManifest('acme/pages/manifests/two', body);
      expect([answer.status, await codeOf(answer)]).to.deep.equal([400, 'MANIFEST_INVALID']);
    }
  });

  it('A6 takes prototype keys as words like others', async () => {
    const body = imageWith().replace('{', '{"__proto__":{"subject":1},"constructor":{"a":1},');
    expect((await putManifest('acme/pages/manifests/proto', body)).status).to.equal(201);
    expect(({} as { subject?: unknown }).subject).to.equal(undefined);
  });

  it('A7 gives blobs as bytes that no browser runs', async () => {
    const digest = await attacker.pushBlob('acme/pages', Buffer.from('<script>alert(1)</script>'));
    const { headers } = await attacker.send('GET', `/v2/acme/pages/blobs/${digest}`);
    expect(headers.get('content-type')).to.equal('application/octet-stream');
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
  });

  it('A9 splits no header and no log by what a client names', async () => {
    for (const path of ['manifests/v1%0d%0aX-Evil:1', 'tags/list?last=%0d%0aX-Evil:1']) {
      const answer = await attacker.send('GET', `/v2/acme/pages/${path}`);
      expect(answer.headers.has('x-evil')).to.equal(false);
      expect(answer.status).to.be.oneOf([200, 400, 404]);
    }
  });

  it('A12 mounts nothing that the caller or the token may not pull', async () => {
    const digest = digestOf(SECRET);
    for (const from of ['&from=acme/private', '&from=eve/none', '']) {
      const path = `/v2/eve/app/blobs/uploads/?mount=${digest}${from}`;
      expect((await attacker.send('POST', path, { as: 'eve' })).status).to.equal(202);
    }
    // The account may pull the source, the token may not: the token's ceiling holds.
    const token = await attacker.token('repository:acme/other:pull,push');
    const path = `/v2/acme/other/blobs/uploads/?mount=${digest}`;
    const limited = await attacker.send('POST', path, { token });
    expect(limited.status).to.equal(202);
    const named = await attacker.send('POST', `${path}&from=acme/private`, { token });
    expect(named.status).to.be.oneOf([202, 401]);
  });

  it('A13 tells nobody of blobs elsewhere, and takes none unless all of it is sent', async () => {
    const digest = digestOf(SECRET);
    expect(
      (await attacker.send('HEAD', `/v2/eve/app/blobs/${digest}`, { as: 'eve' })).status,
    ).to.equal(404);
    const path = await attacker.begin('eve/app', 'eve');
    const empty = await attacker.send('PUT', `${path}&digest=${digest}`, { as: 'eve' });
    expect(empty.status).to.equal(400);
    const post = `/v2/eve/app/blobs/uploads/?digest=${digest}`;
    expect((await attacker.send('POST', post, { as: 'eve', body: 'a' })).status).to.equal(400);
    expect(
      (await attacker.send('GET', `/v2/eve/app/blobs/${digest}`, { as: 'eve' })).status,
    ).to.equal(404);
  });

  it('A25 moves no tag for who may only create, by its name or by ?tag=', async () => {
    await registry.addAccount('maker', [grant('acme/**', 'pull', 'push')]);
    const first = imageWith();
    await putManifest('acme/pages/manifests/latest', first);
    const next = imageWith({ annotations: { n: '2' } });
    const headers = { 'content-type': OCI_MANIFEST };
    for (const path of [
      'latest',
      `${digestOf(next)}?tag=latest`,
      `${digestOf(next)}?tag=new&tag=latest`,
    ]) {
      const url = `/v2/acme/pages/manifests/${path}`;
      const answer = await attacker.send('PUT', url, { as: 'maker', body: next, headers });
      expect([answer.status, await codeOf(answer)]).to.deep.equal([403, 'DENIED']);
    }
    const kept = await attacker.send('GET', '/v2/acme/pages/manifests/latest');
    expect(await kept.text()).to.equal(first);
    expect((await attacker.send('HEAD', '/v2/acme/pages/manifests/new')).status).to.equal(404);
  });

  it('A41 A44 forgets a blob in one repository alone, for ever', async () => {
    const digest = await attacker.pushBlob('acme/one', SECRET);
    await attacker.pushBlob('acme/two', SECRET);
    const at = (name: string) => attacker.send('GET', `/v2/${name}/blobs/${digest}`);
    expect((await at('acme/one')).status).to.equal(200);
    const path = `/v2/acme/one/blobs/${digest}`;
    expect((await attacker.send('DELETE', path, { as: 'eve' })).status).to.equal(403);
    expect((await attacker.send('DELETE', path)).status).to.equal(202);
    for (let n = 0; n < 3; n++) {
      expect((await at('acme/two')).status).to.equal(200);
      expect((await at('acme/one')).status).to.equal(404);
    }
  });

  it('A45 pages referrers, and bounds what an index under the fallback tag costs', async () => {
    const subject = { mediaType: OCI_MANIFEST, digest: digestOf('nothing'), size: 7 };
    for (let n = 0; n < 5; n++) {
      const big = { n: String(n), text: 'x'.repeat(1_000_000) };
      const body = imageWith({ subject, annotations: big });
      const { status } = await putManifest(`acme/pages/manifests/${digestOf(body)}`, body);
      expect(status).to.equal(201);
    }
    let path: string | undefined = `/v2/acme/pages/referrers/${subject.digest}`;
    let count = 0;
    while (path) {
      const answer = await attacker.send('GET', path);
      const text = await answer.text();
      expect(text.length).to.be.below(4_200_000);
      count += (JSON.parse(text) as { manifests: unknown[] }).manifests.length;
      path = /<([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(count).to.equal(5);
  });

  it('A46 takes names of 100 levels, and lists them by the page', async () => {
    const name = Array.from({ length: 100 }, () => 'a').join('/');
    await attacker.pushBlob(name, CONFIG);
    const answer = await attacker.send('GET', '/v2/_catalog?n=1');
    expect(((await answer.json()) as { repositories: string[] }).repositories).to.deep.equal([
      name,
    ]);
    expect(answer.headers.get('link')).to.contain('n=1');
  });

  it('A47 answers the whole to ten thousand ranges', async () => {
    const range = `bytes=${Array.from({ length: 2000 }, (_, n) => `${n}-${n + 1}`).join(',')}`;
    const path = `/v2/acme/private/blobs/${digestOf(SECRET)}`;
    const answer = await attacker.send('GET', path, { headers: { range } });
    expect(answer.status).to.equal(200);
    expect((await answer.arrayBuffer()).byteLength).to.equal(SECRET.length);
    const overlapping = { range: 'bytes=0-,0-,0-' };
    expect((await attacker.send('GET', path, { headers: overlapping })).status).to.equal(200);
  });

  it('A50 shows a manifest in the next read after its 201', async () => {
    for (let n = 0; n < 10; n++) {
      const body = imageWith({ annotations: { n: String(n) } });
      await putManifest('acme/pages/manifests/moving', body);
      const read = await attacker.send('GET', '/v2/acme/pages/manifests/moving');
      expect(await read.text()).to.equal(body);
    }
  });

  it('A54 takes quotes in every parameter for what they are', async () => {
    const text = encodeURIComponent("'; DROP TABLE manifests; --");
    for (const path of [
      `_catalog?last=${text}`,
      `acme/pages/tags/list?last=${text}`,
      `acme/pages/referrers/${digestOf('x')}?artifactType=${text}`,
    ]) {
      expect((await attacker.send('GET', `/v2/${path}`)).status, path).to.be.oneOf([200, 400]);
    }
  });
});
