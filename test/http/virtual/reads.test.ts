import { expect } from 'chai';
import { type Answer, jsonOf } from '../../conformance/exchange.ts';
import type { PutImage } from '../../virtual/upstream.ts';
import { HUB, openStand, type Stand } from './stand.ts';

const ALPINE = `${HUB}/library/alpine`;

/** What a client is told of content, without what changes from one moment to the next. */
function described({ status, headers }: Answer): object {
  const { date: _, 'meridian-age': __, age: ___, ...rest } = headers;
  return { status, ...rest };
}

describe('reads of a virtual registry', () => {
  let stand: Stand;
  let image: PutImage;

  beforeEach(async () => {
    stand = await openStand();
    image = stand.upstream.putImage('library/alpine', '3', 'alpine');
  });
  afterEach(() => stand.close());

  it('gives manifests and blobs, by tag and by digest, under either spelling', async () => {
    const { ask } = stand;
    for (const base of [ALPINE, ALPINE.replace('containers', 'container')]) {
      for (const reference of ['3', image.digest]) {
        const answer = await ask(`GET ${base}/manifests/${reference}`);
        expect(answer.status).to.equal(200);
        expect(answer.body.equals(image.content)).to.equal(true);
        expect(answer.headers).to.include({
          'content-type': image.mediaType,
          'docker-content-digest': image.digest,
          etag: `"${image.digest}"`,
          'docker-distribution-api-version': 'registry/2.0',
        });
      }
      const blob = await ask(`GET ${base}/blobs/${image.layer}`);
      expect([blob.status, blob.headers['docker-content-digest']]).to.deep.equal([
        200,
        image.layer,
      ]);
    }
    expect(stand.upstream.count('manifest')).to.equal(1);
    expect(stand.upstream.count('blob')).to.equal(1);
  });

  it('V10: says in a HEAD what a GET says, on a miss, a hit and stale', async () => {
    const { ask, upstream } = stand;
    const path = `${ALPINE}/manifests/3`;
    const missed = await ask(`HEAD ${path}`);
    expect(missed.headers['meridian-source']).to.equal('miss');
    expect(missed.headers['content-length']).to.equal(String(image.content.length));
    expect(upstream.count('manifest')).to.equal(0);
    const fetched = await ask(`GET ${path}`);
    const hit = await ask(`HEAD ${path}`);
    const { 'meridian-source': _, ...said } = missed.headers;
    const { 'meridian-source': __, ...given } = fetched.headers;
    expect(Object.keys(said).filter((key) => key !== 'age')).to.include.members(
      Object.keys(given).filter((key) => !['age', 'meridian-age'].includes(key)),
    );
    expect(described(await ask(`GET ${path}`))).to.deep.equal(described(hit));
    expect(hit.headers['meridian-source']).to.equal('hit');

    const blob = `${ALPINE}/blobs/${image.layer}`;
    const head = await ask(`HEAD ${blob}`);
    expect(described(head)).to.deep.equal(described(await ask(`GET ${blob}`)));
    expect(described(await ask(`HEAD ${blob}`))).to.deep.equal(described(await ask(`GET ${blob}`)));
  });

  it('V6: says that what it gives is stale, by HEAD and GET alike', async () => {
    const { ask, upstream } = stand;
    const path = `${ALPINE}/manifests/3`;
    await ask(`GET ${path}`);
    await stand.site.ports.virtualCache.recordTag({
      ...(await tagOf(stand)),
      checkedAt: new Date(Date.now() - 48 * 3_600_000),
    });
    await upstream.close();
    const [head, get] = [await ask(`HEAD ${path}`), await ask(`GET ${path}`)];
    expect(described(head)).to.deep.equal(described(get));
    expect(get.status).to.equal(200);
    expect(get.headers).to.include({
      warning: '110 - "Response is Stale"',
      'meridian-source': 'stale',
    });
    expect(Number(get.headers['age'])).to.be.within(172_800, 172_900);
  });

  it('V14: passes on no header of the upstream, and none of the client', async () => {
    const { ask, upstream } = stand;
    const headers = {
      cookie: 'session=secret',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-for': '10.0.0.1',
      accept: 'text/html',
      'x-anything': 'else',
    };
    const answer = await ask(`GET ${ALPINE}/manifests/3`, { headers });
    await ask(`GET ${ALPINE}/blobs/${image.layer}`, { headers });
    const known = ['content-type', 'content-length', 'docker-content-digest', 'etag', 'date'];
    const own = ['meridian-source', 'meridian-age', 'age', 'x-content-type-options'];
    const rest = ['cache-control', 'docker-distribution-api-version', 'connection', 'keep-alive'];
    expect([...known, ...own, ...rest]).to.include.members(Object.keys(answer.headers));
    for (const asked of upstream.asked) {
      const text = JSON.stringify(asked.headers);
      expect(text).to.not.match(/secret|evil|10\.0\.0\.1|x-anything|text\/html/);
      expect(asked.headers.authorization).to.equal(undefined);
    }
  });

  it('answers conditions and ranges as for a blob that lives here (V12)', async () => {
    const { ask } = stand;
    await ask(`GET ${ALPINE}/manifests/3`);
    const path = `GET ${ALPINE}/blobs/${image.config}`;
    const whole = await ask(path);
    const part = await ask(path, { headers: { range: 'bytes=1-3' } });
    expect([part.status, part.body.toString()]).to.deep.equal([
      206,
      whole.body.subarray(1, 4).toString(),
    ]);
    expect(part.headers['content-range']).to.equal(`bytes 1-3/${whole.body.length}`);
    const beyond = await ask(path, { headers: { range: `bytes=${whole.body.length}-` } });
    expect(beyond.status).to.equal(416);
    const several = await ask(path, { headers: { range: 'bytes=0-0,2-2' } });
    expect(several.headers['content-type']).to.match(/^multipart\/byteranges/);
    const etag = { 'if-none-match': `"${image.config}"` };
    expect((await ask(path, { headers: etag })).status).to.equal(304);
    const known = { headers: { 'if-none-match': `"${image.digest}"` } };
    const unchanged = await ask(`GET ${ALPINE}/manifests/3`, known);
    expect([unchanged.status, unchanged.body.length]).to.deep.equal([304, 0]);
  });

  it('V12: gives a range of a blob that is not here yet', async () => {
    await stand.ask(`GET ${ALPINE}/manifests/3`);
    const path = `GET ${ALPINE}/blobs/${image.layer}`;
    const part = await stand.ask(path, { headers: { range: 'bytes=2-4' } });
    expect([part.status, part.body.length]).to.deep.equal([206, 3]);
    const whole = await stand.ask(path);
    expect(whole.body.subarray(2, 5).equals(part.body)).to.equal(true);
  });

  it('V16: lists tags by pages, in its own words', async () => {
    const { ask, upstream } = stand;
    for (const tag of ['1', '2', '4']) upstream.putImage('library/alpine', tag, tag);
    const path = `${ALPINE}/tags/list`;
    const first = await ask(`GET ${path}?n=3`);
    const name = ALPINE.slice('/v2/'.length);
    expect(jsonOf(first)).to.deep.equal({ name, tags: ['1', '2', '3'] });
    expect(first.headers.link).to.equal(`<${path}?n=3&last=3>; rel="next"`);
    expect(jsonOf(await ask(`GET ${path}?n=3&last=3`))).to.deep.equal({ name, tags: ['4'] });
    expect(jsonOf(await ask(`GET ${path}?n=10000`)))
      .to.have.property('tags')
      .with.lengthOf(4);
    expect(jsonOf(await ask(`GET ${path}?n=0`))).to.deep.equal({ name, tags: [] });
    expect((await ask(`GET ${path}?n=a`)).status).to.equal(400);
  });

  it('V16: lists referrers as an index, also where there are none', async () => {
    await stand.ask(`GET ${ALPINE}/manifests/3`);
    const answer = await stand.ask(`GET ${ALPINE}/referrers/${image.digest}?artifactType=a/b+c`);
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal('application/vnd.oci.image.index.v1+json');
    expect(answer.headers['oci-filters-applied']).to.equal('artifactType');
    expect(jsonOf(answer)).to.deep.include({ schemaVersion: 2, manifests: [] });
  });

  it('V16 A34: refuses every write with 405, and makes no repository of that name', async () => {
    const { ask } = stand;
    const digest = image.digest;
    const paths = {
      'GET, HEAD': [
        `${ALPINE}/manifests/3`,
        `${ALPINE}/manifests/${digest}`,
        `${ALPINE}/blobs/${digest}`,
      ],
      '': [
        `${ALPINE}/blobs/uploads/`,
        `${ALPINE}/blobs/uploads/?mount=${digest}&from=acme/app`,
        `${ALPINE}/blobs/uploads/?digest=${digest}`,
        `${ALPINE}/blobs/uploads/6a9f2a5e-6f9b-4c3c-8a51-0d51c2a1f001`,
        '/v2/virtual_registries/elsewhere/blobs/uploads/',
        '/v2/virtual_registries/blobs/uploads/',
      ],
    };
    for (const [allow, all] of Object.entries(paths)) {
      for (const path of all) {
        for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
          const answer = await ask(`${method} ${path}`, { body: Buffer.from('{}') });
          expect(answer.status, `${method} ${path}`).to.equal(405);
          expect(answer.headers.allow).to.equal(allow);
          const [error] = jsonOf<{ errors: { code: string }[] }>(answer).errors;
          expect(error?.code).to.equal('UNSUPPORTED');
        }
      }
    }
    const catalog = jsonOf<{ repositories: string[] }>(await ask('GET /v2/_catalog'));
    expect(catalog.repositories).to.deep.equal([]);
  });

  it('says what is not there in the words of the specification', async () => {
    const { ask } = stand;
    const wanted: readonly (readonly [string, number, string])[] = [
      [`${ALPINE}/manifests/none`, 404, 'MANIFEST_UNKNOWN'],
      [`${ALPINE}/blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
      ['/v2/virtual_registries/containers/none/a/manifests/b', 404, 'NAME_UNKNOWN'],
      ['/v2/virtual_registries/containers/hub/manifests/b', 400, 'NAME_INVALID'],
      ['/v2/virtual_registries/other/hub/a/manifests/b', 400, 'NAME_INVALID'],
      [`${ALPINE}/manifests/not:adigest`, 400, 'DIGEST_INVALID'],
    ];
    for (const [path, status, code] of wanted) {
      const answer = await ask(`GET ${path}`);
      const [error] = jsonOf<{ errors: { code: string }[] }>(answer).errors;
      expect([answer.status, error?.code], path).to.deep.equal([status, code]);
    }
  });
});

async function tagOf({ ports }: Stand) {
  const [{ image, tag } = {}] = await ports.virtualCache.listEntries({ upstream: 'hub', limit: 1 });
  const [found] = await ports.virtualCache.findTags(['hub'], image!, tag!);
  return found!;
}
