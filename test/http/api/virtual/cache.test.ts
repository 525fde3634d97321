import { expect } from 'chai';
import { jsonOf } from '../../../conformance/exchange.ts';
import { HUB, openStand, type Stand } from '../../virtual/stand.ts';

interface Entry {
  readonly image: string;
  readonly tag?: string;
  readonly pulls: number;
}

const ENTRIES = '/api/v1/virtual_upstreams/hub/entries';

describe('the cache of virtual registries, as administrators see it', () => {
  let stand: Stand;

  beforeEach(async () => {
    stand = await openStand();
    for (const image of ['acme/app', 'library/alpine', 'library/busybox']) {
      stand.upstream.putImage(image, '1', image);
      const answer = await stand.ask(`GET ${HUB}/${image}/manifests/1`);
      expect(answer.status).to.equal(200);
    }
    stand.upstream.forget();
  });
  afterEach(() => stand.close());

  const list = async (query = '') => {
    const answer = await stand.ask(`GET ${ENTRIES}${query}`);
    expect(answer.status, answer.body.toString()).to.equal(200);
    const { entries } = jsonOf<{ entries: readonly Entry[] }>(answer);
    const names = entries.map(({ image, tag }) => `${image}:${tag}`);
    return { names, link: answer.headers.link };
  };
  const purge = async (noun: string, body: object = {}) => {
    const answer = await stand.ask(`POST /api/v1/virtual_${noun}/purge`, { body });
    return answer.status;
  };

  it('lists entries by pages', async () => {
    const first = await list('?n=2');
    expect(first.names).to.deep.equal(['acme/app:1', 'library/alpine:1']);
    const [, next] = /^<[^?]+(\?[^>]+)>; rel="next"$/.exec(String(first.link))!;
    expect(next).to.equal('?n=2&last=library%2Falpine%3A1');
    const second = await list(next);
    expect(second).to.deep.equal({ names: ['library/busybox:1'], link: undefined });
    expect((await list('?prefix=library/')).names).to.have.lengthOf(2);
    for (const query of ['?last=a', '?last=a:b:c', '?last=A:1', '?n=-1', '?prefix=%00']) {
      expect((await stand.ask(`GET ${ENTRIES}${query}`)).status, query).to.equal(400);
    }
    expect((await stand.ask('GET /api/v1/virtual_upstreams/none/entries')).status).to.equal(404);
  });

  it('V13: purges an entry, an image, an upstream, at once for every request', async () => {
    expect(await purge('upstreams/hub', { image: 'acme/app', reference: '1' })).to.equal(204);
    expect((await list()).names).to.deep.equal(['library/alpine:1', 'library/busybox:1']);
    const again = await stand.ask(`GET ${HUB}/acme/app/manifests/1`);
    expect(again.headers['meridian-source']).to.equal('miss');
    expect(await purge('upstreams/hub', { image: 'library/alpine' })).to.equal(204);
    expect((await list()).names).to.deep.equal(['acme/app:1', 'library/busybox:1']);
    expect(await purge('upstreams/hub')).to.equal(204);
    expect((await list()).names).to.deep.equal([]);
    expect(await purge('upstreams/none')).to.equal(404);
    expect(await purge('upstreams/hub', { reference: '1' })).to.equal(400);
    expect(await purge('upstreams/hub', { image: 'A' })).to.equal(400);
  });

  it('V13: purges of a registry what no other one lists', async () => {
    const other = '/api/v1/virtual_registries/other';
    await stand.ask(`PUT ${other}`, { body: { upstreams: ['hub'] } });
    const kept = await stand.ask('POST /api/v1/virtual_registries/hub/purge');
    expect(jsonOf(kept)).to.deep.equal({ upstreams: [] });
    expect((await list()).names).to.have.lengthOf(3);
    await stand.ask(`DELETE ${other}`);
    const purged = await stand.ask('POST /api/v1/virtual_registries/hub/purge');
    expect(jsonOf(purged)).to.deep.equal({ upstreams: ['hub'] });
    expect((await list()).names).to.deep.equal([]);
    expect(await purge('registries/none')).to.equal(404);
  });

  it('V19: says what the cache saved', async () => {
    const { ask, upstream } = stand;
    for (let count = 0; count < 3; count++) await ask(`GET ${HUB}/acme/app/manifests/1`);
    expect(upstream.asked).to.deep.equal([]);
    const answer = await ask('GET /api/v1/virtual_registries/hub/statistics');
    const figures = jsonOf<Readonly<Record<string, number>>>(answer);
    expect(figures).to.include({ hits: 3, misses: 3, stale: 0, hitRatio: 0.5, entries: 3 });
    expect(figures['callsSaved']).to.be.at.least(3);
    expect(figures['bytesSaved']).to.be.above(0);
    expect(figures['sizeBytes']).to.be.above(0);
    expect(figures['upstreams']).to.deep.equal([{ upstream: 'hub' }]);
  });
});
