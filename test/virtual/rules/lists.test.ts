import { Readable } from 'node:stream';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import { RemoteFailure } from '../../../src/storage/virtual/remotes.ts';
import { imageOf, indexOf, recordOf, tagNamed } from '../../support/content.ts';
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

const INDEX = 'application/vnd.oci.image.index.v1+json';

describe('lists of a virtual registry', () => {
  const image = imageWith('app');
  let stand: Stand;

  beforeEach(async () => {
    stand = await openStand();
    await stand.set([upstreamNamed('a'), upstreamNamed('b')]);
  });

  const list = (page: { after?: string; limit: number }) => stand.virtual.listTags(call(), page);

  const accept = (reference: string, content = image.content) =>
    stand.virtual.acceptManifest(call(), 'a', {
      reference: ref(reference),
      mediaType: image.mediaType,
      content,
    });

  describe('of tags', () => {
    it('V16 join those of all upstreams, each once, in byte order, page by page', async () => {
      for (const tag of ['3', '1', 'z']) putImage(stand.remote('a'), image, { tag });
      for (const tag of ['2', '3', 'B']) putImage(stand.remote('b'), image, { tag });
      expect(await list({ limit: 2 })).to.deep.equal(['1', '2']);
      expect(await list({ limit: 2, after: '2' })).to.deep.equal(['3', 'B']);
      expect(await list({ limit: 9, after: 'B' })).to.deep.equal(['z']);
      expect(stand.remote('a').asked).to.deep.equal(['tags']);
    });

    it('V13 are read anew once something is purged', async () => {
      putImage(stand.remote('a'), image);
      await list({ limit: 9 });
      putImage(stand.remote('a'), image, { tag: 'new' });
      expect(await list({ limit: 9 })).to.deep.equal(['latest']);
      await stand.ports.virtualRegistries.purge({ upstream: 'a', image: APP });
      expect(await list({ limit: 9 })).to.deep.equal(['latest', 'new']);
    });

    it('V16 know what no upstream has', async () => {
      expect((await failureOf(list({ limit: 9 }))).code).to.equal('NAME_UNKNOWN');
    });

    it('V6 lack none of an upstream that fails: they are held, or an error', async () => {
      putImage(stand.remote('b'), image);
      stand.remote('a').failure = new RemoteFailure('broken', 'it failed');
      expect((await failureOf(list({ limit: 9 }))).status).to.equal(502);
      stand.remote('a').failure = undefined;
      putImage(stand.remote('a'), image, { tag: 'mine' });
      await list({ limit: 9 });
      stand.clock.advance({ seconds: 61 });
      stand.remote('a').failure = new RemoteFailure('broken', 'it failed');
      expect(await list({ limit: 9 })).to.deep.equal(['latest', 'mine']);
    });
  });

  describe('of referrers', () => {
    const signature = imageOf('signature', { artifactType: 'application/signature' });
    const index = recordOf(INDEX, {
      manifests: [
        {
          mediaType: signature.mediaType,
          digest: signature.digest,
          size: 1,
          artifactType: 'application/signature',
        },
        { mediaType: signature.mediaType, digest: image.digest, size: 1, artifactType: 'x/sbom' },
      ],
    });

    it('V16 are those of the upstream that the subject is bound to', async () => {
      putImage(stand.remote('b'), image);
      await stand.virtual.getManifest(call(), ref('latest'));
      for (const name of ['a', 'b']) stand.remote(name).putReferrers(APP, image.digest, index);
      const items = await stand.virtual.listReferrers(call(), { subject: image.digest });
      expect(items.map((item) => (JSON.parse(item) as { digest: string }).digest)).to.deep.equal([
        signature.digest,
        image.digest,
      ]);
      expect(stand.remote('a').asked).not.to.include(`referrers ${image.digest}`);
    });

    it('V16 are filtered by their type, and empty where there are none', async () => {
      stand.remote('a').putReferrers(APP, image.digest, index);
      const query = { subject: image.digest, artifactType: 'application/signature' };
      expect(await stand.virtual.listReferrers(call(), query)).to.have.lengthOf(1);
      const none = { subject: signature.digest };
      expect(await stand.virtual.listReferrers(call(), none)).to.deep.equal([]);
    });

    it('A32 are not believed where they are no index', async () => {
      const page = { mediaType: 'text/html', content: Buffer.from('<html>') };
      stand.remote('a').putReferrers(APP, image.digest, page);
      const query = { subject: image.digest };
      expect((await failureOf(stand.virtual.listReferrers(call(), query))).status).to.equal(502);
    });
  });

  describe('over repositories of this registry', () => {
    const prefix = APP.split('/')[0]!;

    async function push(word: string): Promise<string> {
      const { digest, mediaType, content } = recordOf(image.mediaType, { layers: [], word });
      await stand.registry.manifests.put({
        repository: `${prefix}/${APP}` as typeof APP,
        reference: { kind: 'tag', tag: tagNamed(word) },
        tags: [],
        mediaType,
        content,
        mayOverwrite: true,
        actor: 'admin',
      });
      return digest;
    }

    beforeEach(async () => {
      const local = upstreamNamed('local', { origin: { kind: 'local', prefix: prefix as never } });
      await stand.set([local, upstreamNamed('b')]);
    });

    it('a local upstream answers in its place, fresh, and is not cached', async () => {
      putImage(stand.remote('b'), image, { tag: 'theirs' });
      const digest = await push('ours');
      const { found, source, upstream } = await stand.virtual.getManifest(call(), ref('ours'));
      expect([found.digest, source, upstream]).to.deep.equal([digest, 'hit', 'local']);
      expect((await stand.virtual.getManifest(call(), ref('theirs'))).upstream).to.equal('b');
      expect(await list({ limit: 9 })).to.deep.equal(['ours', 'theirs']);
      const moved = await push('theirs');
      expect((await stand.virtual.getManifest(call(), ref('theirs'))).found.digest).to.equal(moved);
      const { entries } = await stand.ports.virtualCache.measure(['local', 'b']);
      expect(entries).to.equal(1);
    });
  });

  describe('of what is handed over', () => {
    it('a manifest and its blobs are answered as if the upstream had given them', async () => {
      expect(await accept('latest')).to.equal(image.digest);
      const digest = digestOf(image.config);
      const content = Readable.from([image.config]);
      await stand.virtual.acceptBlob(call(), 'a', { digest, content });
      expect((await stand.virtual.getManifest(call(), ref('latest'))).source).to.equal('hit');
      expect((await stand.virtual.getBlob(call(), digest)).isHere).to.equal(true);
      expect(stand.remote('a').asked).to.deep.equal([]);
    });

    it('wrong bytes, other names and other sizes are refused', async () => {
      const other = indexOf([image.digest]).digest;
      expect((await failureOf(accept(other))).code).to.equal('MANIFEST_INVALID');
      expect((await failureOf(accept('latest', Buffer.from('{}')))).code).to.equal(
        'MANIFEST_INVALID',
      );
      const blob = (bytes: string) => ({
        digest: digestOf(image.config),
        content: Readable.from([Buffer.from(bytes)]),
      });
      const early = stand.virtual.acceptBlob(call(), 'a', blob('app'));
      expect((await failureOf(early)).code).to.equal('BLOB_UNKNOWN');
      await accept('latest');
      for (const [bytes, code] of [
        ['other', 'SIZE_INVALID'],
        ['xxx', 'DIGEST_INVALID'],
      ] as const) {
        const outcome = stand.virtual.acceptBlob(call(), 'a', blob(bytes));
        expect((await failureOf(outcome)).code).to.equal(code);
      }
    });
  });
});
