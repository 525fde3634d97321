import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { digestOf } from '../../../../src/oci/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../../src/oci/media-type.ts';
import type { DistributionRemotes } from '../../../../src/storage/distribution/remote/remotes.ts';
import { repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { Misdeed } from '../../../virtual/misdeeds.ts';
import * as misdeed from '../../../virtual/misdeeds.ts';
import { faultOf, openTestRemotes, upstreamAt } from '../../../virtual/remotes.ts';
import { TestUpstream } from '../../../virtual/upstream.ts';

const image = repositoryNamed('acme/app');
const byTag = (tag: string) => ({ kind: 'tag', tag: tagNamed(tag) }) as const;

describe('a remote', () => {
  let upstream: TestUpstream;
  let remotes: DistributionRemotes;

  beforeEach(async () => {
    upstream = await TestUpstream.start({ hasReferrers: true });
    remotes = openTestRemotes();
  });
  afterEach(async () => {
    await remotes.close();
    await upstream.close();
  });

  const open = (origin = {}) => remotes.open(upstreamAt(upstream.url, origin));

  it('gives a manifest by tag and by digest, byte for byte', async () => {
    const { digest, content } = upstream.putImage(image, 'v1', 'one');
    for (const reference of [byTag('v1'), { kind: 'digest', digest } as const]) {
      const found = await open().findManifest(image, reference);
      expect(found).to.deep.equal({ mediaType: OCI_MANIFEST, content });
    }
  });

  it('gives the word of a HEAD', async () => {
    const { digest, content } = upstream.putImage(image, 'v1', 'one');
    const word = { mediaType: OCI_MANIFEST, sizeBytes: content.length };
    expect(await open().headManifest(image, byTag('v1'))).to.deep.equal({ ...word, digest });
    upstream.misbehave(misdeed.noDigest, 'head-manifest', 1);
    expect(await open().headManifest(image, byTag('v1'))).to.deep.equal(word);
    expect(upstream.count('manifest')).to.equal(0);
  });

  it('reads the whole where a HEAD does not say its size', async () => {
    const { content } = upstream.putImage(image, 'v1', 'one');
    upstream.misbehave(misdeed.chunked, 'head-manifest');
    const word = await open().headManifest(image, byTag('v1'));
    expect(word?.sizeBytes).to.equal(content.length);
  });

  it('gives a blob from any offset on, in one request', async () => {
    const blob = Buffer.alloc(300_000, 'meridian ');
    const digest = upstream.putBlob(image, blob);
    for (const offset of [0, 1, 299_999, 300_000]) {
      const found = await open().openBlob(image, digest, offset);
      expect(found?.sizeBytes).to.equal(blob.length);
      expect((await buffer(found!.content)).equals(blob.subarray(offset))).to.equal(true);
    }
    expect(upstream.count('blob')).to.equal(4);
  });

  it('says of what is not there that it is not there', async () => {
    const digest = digestOf('nothing');
    expect(await open().findManifest(image, byTag('v1'))).to.equal(undefined);
    expect(await open().headManifest(image, byTag('v1'))).to.equal(undefined);
    expect(await open().openBlob(image, digest)).to.equal(undefined);
    expect(await open().listTags(image, { limit: 10 })).to.equal(undefined);
  });

  it('takes the page of a web server for a failure, not for "not there"', async () => {
    for (const type of ['text/html', 'text/plain; charset=utf-8']) {
      upstream.misbehave(misdeed.fail(404, { 'content-type': type }), 'manifest', 1);
      expect(await faultOf(open().findManifest(image, byTag('v1')))).to.equal('broken');
    }
  });

  it('asks for short names in library/ where told to, and behind the path of the URL', async () => {
    upstream.putImage('library/alpine', '3', 'alpine');
    upstream.putImage('mirror/hub/library/alpine', '3', 'alpine');
    const alpine = repositoryNamed('alpine');
    const deep = remotes.open(upstreamAt(`${upstream.url}/mirror/hub/`, { rewritesLibrary: true }));
    expect(await open().findManifest(alpine, byTag('3'))).to.equal(undefined);
    expect(await open({ rewritesLibrary: true }).findManifest(alpine, byTag('3'))).to.be.an(
      'object',
    );
    expect(await deep.findManifest(alpine, byTag('3'))).to.be.an('object');
    expect(await deep.findManifest(image, byTag('3'))).to.equal(undefined);
    expect(upstream.asked.at(-1)!.path).to.equal('/v2/mirror/hub/acme/app/manifests/3');
  });

  it('lists tags page by page, whether or not the registry knows pages', async () => {
    for (const pagesTags of [true, false]) {
      const other = await TestUpstream.start({ pagesTags });
      for (const tag of ['a', 'b', 'c', 'd', 'e']) other.putImage(image, tag, tag);
      const remote = remotes.open(upstreamAt(other.url));
      expect(await remote.listTags(image, { limit: 2 })).to.deep.equal(['a', 'b']);
      const after = tagNamed('b');
      expect(await remote.listTags(image, { after, limit: 2 })).to.deep.equal(['c', 'd']);
      expect(await remote.listTags(image, { after, limit: 9 })).to.deep.equal(['c', 'd', 'e']);
      await other.close();
    }
  });

  it('follows the pages of a list until it has enough', async () => {
    for (const tag of ['a', 'b', 'c']) upstream.putImage(image, tag, tag);
    const next = (last: string) => `</v2/${image}/tags/list?n=1&last=${last}>; rel="next"`;
    const page = (tag: string, last?: string) => {
      const body = JSON.stringify({ name: image, tags: [tag] });
      const headers = { 'content-type': 'application/json', ...(last && { link: next(last) }) };
      upstream.misbehave((_, response) => response.writeHead(200, headers).end(body), 'tags', 1);
    };
    page('a', 'a');
    page('b', 'b');
    page('c');
    expect(await open().listTags(image, { limit: 5 })).to.deep.equal(['a', 'b', 'c']);
    page('a', 'a');
    expect(await open().listTags(image, { limit: 1 })).to.deep.equal(['a']);
    expect(upstream.count('tags')).to.equal(4);
  });

  it('finds referrers by the API, and by the tag where there is none', async () => {
    const { digest } = upstream.putImage(image, 'v1', 'one');
    const signature = { schemaVersion: 2, subject: { digest } };
    const content = Buffer.from(JSON.stringify(signature));
    upstream.putManifest(image, { mediaType: OCI_MANIFEST, content });
    const found = await open().findReferrers(image, digest);
    expect(found?.mediaType).to.equal(OCI_INDEX);
    expect(found!.content.toString()).to.contain(digestOf(content));

    const index = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const old = await TestUpstream.start();
    old.putManifest(image, { mediaType: OCI_INDEX, content: index }, digest.replace(':', '-'));
    const remote = remotes.open(upstreamAt(old.url));
    expect((await remote.findReferrers(image, digest))?.content.equals(index)).to.equal(true);
    expect(await remote.findReferrers(image, digestOf('other'))).to.equal(undefined);
    await old.close();
  });

  it('puts the pages of a list of referrers together', async () => {
    const names = [digestOf('one'), digestOf('two')];
    upstream.misbehave(referrersPage(names[0]!, { link: '<?page=2>; rel="next"' }), 'referrers', 1);
    upstream.misbehave(referrersPage(names[1]!), 'referrers', 1);
    const found = await open().findReferrers(image, digestOf('subject'));
    const { manifests } = JSON.parse(found!.content.toString()) as { manifests: object[] };
    expect(manifests).to.deep.equal(names.map((digest) => ({ digest })));
  });

  it('A38 A45 takes no list of referrers that does not end', async () => {
    for (const word of ['one', 'two', 'three']) {
      const page = referrersPage(digestOf(word), { link: `<?page=${word}>; rel="next"` }, 3 * MIB);
      upstream.misbehave(page, 'referrers', 1);
    }
    expect(await faultOf(open().findReferrers(image, digestOf('subject')))).to.equal('broken');
  });

  it('remembers what it was told of its limit', async () => {
    upstream.putImage(image, 'v1', 'one');
    expect(open().rateLimit).to.equal(undefined);
    upstream.misbehave(misdeed.rateLimited(76), ['manifest', 'head-manifest']);
    await open().headManifest(image, byTag('v1'));
    const { heardAt: _, ...limit } = open().rateLimit!;
    expect(limit).to.deep.equal({ limit: 100, remaining: 76, windowSeconds: 21_600 });
  });

  it('has the same connections for the same upstream', async () => {
    expect(open()).to.equal(open());
    expect(open()).not.to.equal(open({ timeoutMs: 1999 }));
  });
});

const MIB = 1024 * 1024;

/** @param padding bytes that an annotation fills */
function referrersPage(digest: string, link: Record<string, string> = {}, padding = 0): Misdeed {
  const annotated = padding === 0 ? {} : { annotations: { padding: 'x'.repeat(padding) } };
  const body = JSON.stringify({ schemaVersion: 2, manifests: [{ digest, ...annotated }] });
  return (_, response) => response.writeHead(200, { 'content-type': OCI_INDEX, ...link }).end(body);
}
