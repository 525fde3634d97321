import { expect } from 'chai';
import { DOCKER_MANIFEST } from '../../../src/oci/media-type.ts';
import { RemoteFailure } from '../../../src/storage/virtual/remotes.ts';
import { indexOf, patternOf } from '../../support/content.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import {
  APP,
  call,
  failureOf,
  imageWith,
  openStand,
  putImage,
  ref,
  type Stand,
  upstreamNamed,
} from './stand.ts';

const MAKERS: Readonly<Record<string, OpenPorts>> = {
  memory: openMemoryPorts,
  PostgreSQL: openPostgresPorts,
};

for (const [maker, openPorts] of Object.entries(MAKERS)) describeWalk(maker, openPorts);

function describeWalk(maker: string, openPorts: OpenPorts): void {
  describe(`the walk of a virtual registry, cached in ${maker}`, () => {
    let ports: Awaited<ReturnType<OpenPorts>>;
    let stand: Stand;
    const one = imageWith('one');
    const two = imageWith('two');

    before(async () => {
      ports = await openPorts();
    });

    after(() => ports.close());

    beforeEach(async () => {
      stand = await openStand({ ports });
      await stand.set([upstreamNamed('a'), upstreamNamed('b')]);
    });

    // With all that is cached of them.
    afterEach(async () => {
      for (const name of ['a', 'b']) await ports.virtualRegistries.deleteUpstream(name);
    });

    const get = (reference: string) => stand.virtual.getManifest(call(), ref(reference));
    const head = (reference: string) => stand.virtual.headManifest(call(), ref(reference));
    const askedOf = (name: string) => stand.remote(name).asked;
    const fail = (name: string, ...failure: ConstructorParameters<typeof RemoteFailure>) => {
      stand.remote(name).failure = new RemoteFailure(...failure);
    };

    it('V1 answers a digest that is here without asking, for ever', async () => {
      putImage(stand.remote('a'), one);
      await get(one.digest);
      stand.clock.advance({ hours: 10_000 });
      const { found, source, upstream, ageMs } = await get(one.digest);
      expect(found.content.equals(one.content)).to.equal(true);
      expect({ source, upstream, ageMs }).to.deep.equal({
        source: 'hit',
        upstream: 'a',
        ageMs: undefined,
      });
      expect(askedOf('a')).to.deep.equal([`get ${one.digest}`]);
    });

    it('V2 answers a tag that holds without asking', async () => {
      putImage(stand.remote('a'), one);
      expect((await get('latest')).source).to.equal('miss');
      stand.clock.advance({ hours: 23 });
      const { found, source, ageMs } = await get('latest');
      expect(found.digest).to.equal(one.digest);
      expect({ source, ageMs }).to.deep.equal({ source: 'hit', ageMs: 23 * 3_600_000 });
      expect(askedOf('a')).to.deep.equal(['get latest']);
    });

    it('V2 answers a tag for ever where its validity is 0', async () => {
      await stand.set([upstreamNamed('a', { validityHours: 0 })]);
      putImage(stand.remote('a'), one);
      await get('latest');
      stand.clock.advance({ hours: 100_000 });
      expect((await get('latest')).source).to.equal('hit');
      expect(askedOf('a')).to.deep.equal(['get latest']);
    });

    it('V3 asks a HEAD once a tag is stale, and keeps what is the same', async () => {
      putImage(stand.remote('a'), one);
      await get('latest');
      stand.clock.advance({ hours: 25 });
      const { source, ageMs } = await get('latest');
      expect({ source, ageMs }).to.deep.equal({ source: 'hit', ageMs: 0 });
      await get('latest');
      expect(askedOf('a')).to.deep.equal(['get latest', 'head latest']);
    });

    it('V3 gets what moved by its digest', async () => {
      putImage(stand.remote('a'), one);
      await get('latest');
      putImage(stand.remote('a'), two);
      stand.clock.advance({ hours: 25 });
      const { found, source } = await get('latest');
      expect([found.digest, source]).to.deep.equal([two.digest, 'miss']);
      expect(askedOf('a').slice(1)).to.deep.equal(['head latest', `get ${two.digest}`]);
    });

    it('V3 gets and hashes where a HEAD names no digest', async () => {
      putImage(stand.remote('a'), one);
      await get('latest');
      stand.remote('a').isSilentOnDigests = true;
      stand.clock.advance({ hours: 25 });
      expect((await get('latest')).found.digest).to.equal(one.digest);
      expect(askedOf('a').slice(1)).to.deep.equal(['head latest', 'get latest']);
    });

    it('V5 lets a higher upstream win when the tag is next asked about', async () => {
      putImage(stand.remote('b'), one);
      expect((await get('latest')).upstream).to.equal('b');
      putImage(stand.remote('a'), two);
      expect((await get('latest')).upstream).to.equal('b');
      stand.clock.advance({ hours: 25 });
      expect((await get('latest')).upstream).to.equal('a');
    });

    it('V6 goes on to the next upstream only where the tag is not there', async () => {
      putImage(stand.remote('b'), one);
      expect((await get('latest')).upstream).to.equal('b');
      expect((await failureOf(get('other'))).status).to.equal(404);
      fail('a', 'unreachable', 'it is silent');
      const { status, headers } = await failureOf(get('third'));
      expect([status, headers['Retry-After']]).to.deep.equal([503, '5']);
      expect(askedOf('b')).to.deep.equal(['get latest', 'get other']);
    });

    it('V6 serves what is cached, stale, where the upstream fails', async () => {
      putImage(stand.remote('a'), one);
      await get('latest');
      stand.clock.advance({ hours: 30 });
      fail('a', 'broken', 'it failed', { status: 500 });
      const { found, source, isStale, ageMs } = await get('latest');
      expect([found.digest, source, isStale]).to.deep.equal([one.digest, 'stale', true]);
      expect(ageMs).to.equal(30 * 3_600_000);
      expect((await head('latest')).source).to.equal('stale');
      expect(askedOf('b')).to.deep.equal([]);
    });

    for (const [fault, status, retryAfter] of [
      ['refused', 502, '60'],
      ['limited', 429, '77'],
      ['forbidden-address', 502, '60'],
      ['unreachable', 503, '5'],
      ['broken', 502, '5'],
      ['busy', 503, '1'],
    ] as const) {
      it(`V6 tells that an upstream is ${fault} by ${status}, V15 never by 401`, async () => {
        const told = fault === 'limited' ? { retryAfterSeconds: 77 } : {};
        fail('a', fault, 'no', { status: 401, ...told });
        const failure = await failureOf(get('latest'));
        expect(failure.status).to.equal(status);
        expect(failure.headers['Retry-After']).to.equal(retryAfter);
        expect(failure.headers).not.to.have.property('WWW-Authenticate');
        expect(askedOf('b')).to.deep.equal([]);
      });
    }

    it('V6 leaves an upstream in peace that said when it may be asked again', async () => {
      fail('a', 'limited', 'later', { retryAfterSeconds: 60 });
      await failureOf(get('latest'));
      stand.clock.advance({ seconds: 20 });
      const { status, headers } = await failureOf(get('other'));
      expect([status, headers['Retry-After']]).to.deep.equal([429, '40']);
      stand.remote('a').failure = undefined;
      putImage(stand.remote('a'), one);
      stand.clock.advance({ seconds: 41 });
      expect((await get('latest')).source).to.equal('miss');
      expect(askedOf('a')).to.deep.equal(['get latest', 'get latest']);
    });

    it('V7 believes for a while that a tag is not there, never that a digest is not', async () => {
      putImage(stand.remote('b'), one, { tag: 'b-only' });
      await failureOf(get('latest'));
      await failureOf(get('latest'));
      expect(askedOf('a')).to.deep.equal(['get latest']);
      stand.clock.advance({ seconds: 31 });
      putImage(stand.remote('a'), one);
      expect((await get('latest')).upstream).to.equal('a');
      await failureOf(get(two.digest));
      putImage(stand.remote('b'), two);
      expect((await get(two.digest)).upstream).to.equal('b');
    });

    it('V8 forgets a tag that the upstream has no more once its validity is over', async () => {
      putImage(stand.remote('a'), one);
      await get('latest');
      stand.remote('a').deleteManifest(APP, 'latest');
      expect((await get('latest')).source).to.equal('hit');
      stand.clock.advance({ hours: 25 });
      expect((await failureOf(get('latest'))).code).to.equal('MANIFEST_UNKNOWN');
    });

    it('V8 keeps it where the upstream is set so', async () => {
      await stand.set([upstreamNamed('a', { whenGone: 'keep' })]);
      putImage(stand.remote('a'), one);
      await get('latest');
      stand.remote('a').deleteManifest(APP, 'latest');
      stand.clock.advance({ hours: 25 });
      expect((await get('latest')).found.digest).to.equal(one.digest);
      await get('latest');
      expect(askedOf('a')).to.deep.equal(['get latest', 'head latest']);
    });

    it('V9 gives an index byte for byte, and its children from its upstream alone', async () => {
      const index = indexOf([one.digest, two.digest]);
      stand.remote('b').putManifest(APP, 'latest', index);
      stand.remote('b').putManifest(APP, 'one', one);
      stand.remote('a').putManifest(APP, 'child', two);
      expect((await get('latest')).found.content.equals(index.content)).to.equal(true);
      expect((await get(one.digest)).upstream).to.equal('b');
      expect((await failureOf(get(two.digest))).code).to.equal('MANIFEST_UNKNOWN');
      expect(askedOf('a')).to.deep.equal(['get latest']);
    });

    it('V10 answers a HEAD without bringing content, and the GET agrees', async () => {
      putImage(stand.remote('a'), one);
      const word = await head('latest');
      expect(word.found).to.deep.equal({
        digest: one.digest,
        mediaType: one.mediaType,
        sizeBytes: one.content.length,
      });
      expect((await head('latest')).source).to.equal('hit');
      putImage(stand.remote('a'), two);
      expect((await get('latest')).found.digest).to.equal(one.digest);
      expect(askedOf('a')).to.deep.equal(['head latest', `get ${one.digest}`]);
    });

    it('V10 resolves the tag anew where what a HEAD said is gone', async () => {
      putImage(stand.remote('a'), one);
      await head('latest');
      stand.remote('a').deleteManifest(APP, one.digest);
      putImage(stand.remote('a'), two);
      expect((await get('latest')).found.digest).to.equal(two.digest);
      expect((await head('latest')).found.digest).to.equal(two.digest);
    });

    it('V10 says of a digest what a GET says', async () => {
      putImage(stand.remote('a'), one);
      const { found } = await head(one.digest);
      expect(found.sizeBytes).to.equal(one.content.length);
      expect((await get(one.digest)).found.mediaType).to.equal(found.mediaType);
      expect(askedOf('a')).to.deep.equal([`head ${one.digest}`, `get ${one.digest}`]);
    });

    for (const fault of ['unreachable', 'limited', 'broken', 'busy', 'refused'] as const) {
      it(`A35, A36 asks nobody else while an internal name's upstream is ${fault}`, async () => {
        await stand.set([upstreamNamed('a', { exclusive: [patternOf('team/**')] })], {
          upstreams: ['a'],
        });
        await stand.set([upstreamNamed('b')], { upstreams: ['b', 'a'] });
        putImage(stand.remote('b'), one);
        fail('a', fault, 'no');
        expect((await failureOf(get('latest'))).status).to.be.oneOf([429, 502, 503]);
        expect((await failureOf(get(one.digest))).status).to.be.oneOf([429, 502, 503]);
        expect(askedOf('b')).to.deep.equal([]);
      });
    }

    for (const [wrong, sent] of [
      ['other bytes than those of the digest', two],
      ['a page for people', { mediaType: 'text/html', content: Buffer.from('<html>') }],
      ['no manifest', { mediaType: one.mediaType, content: Buffer.from('{"a": 1}') }],
      ['another type than the manifest has', { ...one, mediaType: DOCKER_MANIFEST }],
    ] as const) {
      it(`A32 keeps nothing of ${wrong}, and marks the upstream`, async () => {
        stand.remote('a').replaceManifest(APP, one.digest, sent);
        expect((await failureOf(get(one.digest))).status).to.equal(502);
        expect((await ports.virtualCache.measure(['a'])).entries).to.equal(0);
        const { upstreams } = await stand.virtual.readStatistics('hub');
        expect(upstreams[0]?.failure?.sentence).to.match(/^the upstream sent /);
        putImage(stand.remote('a'), one);
        expect((await get(one.digest)).found.digest).to.equal(one.digest);
        expect((await stand.virtual.readStatistics('hub')).upstreams[0]).not.to.have.property(
          'failure',
        );
      });
    }

    it('V13 forgets at once what is purged', async () => {
      putImage(stand.remote('a'), one);
      await get('latest');
      await ports.virtualRegistries.purge({ upstream: 'a', image: APP, reference: ref('latest') });
      expect((await get('latest')).source).to.equal('miss');
      await ports.virtualRegistries.purge({ upstream: 'a' });
      expect((await get(one.digest)).source).to.equal('miss');
    });
  });
}
