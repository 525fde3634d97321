import { expect } from 'chai';
import { RemoteFailure } from '../../../src/storage/virtual/remotes.ts';
import {
  call,
  failureOf,
  imageWith,
  openStand,
  putImage,
  ref,
  type Stand,
  upstreamNamed,
} from './stand.ts';

describe('virtual registries: hit, stale and miss', () => {
  let stand: Stand;
  const one = imageWith('one');
  const two = imageWith('two');

  beforeEach(async () => {
    stand = await openStand();
    await stand.set([upstreamNamed('a'), upstreamNamed('b')]);
  });

  const get = (reference: string) => stand.virtual.getManifest(call(), ref(reference));
  const head = (reference: string) => stand.virtual.headManifest(call(), ref(reference));

  it('V1 answers a digest that is here without asking, for ever', async () => {
    putImage(stand.remote('a'), one);
    await get(one.digest);
    stand.clock.advance({ hours: 10_000 });
    const { found, source, upstream } = await get(one.digest);
    expect(found.content.equals(one.content)).to.equal(true);
    expect({ source, upstream }).to.deep.equal({ source: 'hit', upstream: 'a' });
    expect(stand.remote('a').asked).to.deep.equal([`get ${one.digest}`]);
  });

  it('V2 answers a tag that holds without asking', async () => {
    putImage(stand.remote('a'), one);
    expect((await get('latest')).source).to.equal('miss');
    stand.clock.advance({ hours: 23 });
    const { found, source, ageMs } = await get('latest');
    expect(found.digest).to.equal(one.digest);
    expect({ source, ageMs }).to.deep.equal({ source: 'hit', ageMs: 23 * 3_600_000 });
    expect(stand.remote('a').asked).to.deep.equal(['get latest']);
  });

  it('V3 asks a HEAD once a tag is stale, and keeps what is the same', async () => {
    putImage(stand.remote('a'), one);
    await get('latest');
    stand.clock.advance({ hours: 25 });
    const { source, ageMs } = await get('latest');
    expect({ source, ageMs }).to.deep.equal({ source: 'hit', ageMs: 0 });
    await get('latest');
    expect(stand.remote('a').asked).to.deep.equal(['get latest', 'head latest']);
  });

  it('V3 gets what moved by its digest', async () => {
    putImage(stand.remote('a'), one);
    await get('latest');
    putImage(stand.remote('a'), two);
    stand.clock.advance({ hours: 25 });
    const { found, source } = await get('latest');
    expect({ digest: found.digest, source }).to.deep.equal({ digest: two.digest, source: 'miss' });
    expect(stand.remote('a').asked.slice(1)).to.deep.equal(['head latest', `get ${two.digest}`]);
  });

  it('V6 stops at an upstream that fails, and says so', async () => {
    putImage(stand.remote('b'), one);
    stand.remote('a').failure = new RemoteFailure('broken', 'it failed', { status: 500 });
    const { status, headers } = await failureOf(get('latest'));
    expect(status).to.equal(502);
    expect(headers['Retry-After']).to.equal('5');
    expect(stand.remote('b').asked).to.deep.equal([]);
    void head;
  });
});
