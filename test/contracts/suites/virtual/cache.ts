/** What every maker of `VirtualCache` keeps of what is cached. */
import { expect } from 'chai';
import { blobOf, imageOf, indexOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { entryOf, tagOf, upstreamNamed } from '../../../support/virtual/cached.ts';

const image = repositoryNamed('library/alpine');
const other = repositoryNamed('library/bash');
const [v1, v2] = [tagNamed('v1'), tagNamed('v2')];
const hub = { upstream: 'hub', image };
const quay = { upstream: 'quay', image };
const both = ['hub', 'quay'];

export function describeVirtualCacheContract(name: string, open: OpenPorts): void {
  describe(`VirtualCache in ${name}`, () => {
    let ports: TestPorts;
    let cache: TestPorts['virtualCache'];

    beforeEach(async () => {
      ports = await open();
      cache = ports.virtualCache;
      for (const upstream of both) {
        await ports.virtualRegistries.recordUpstream(upstreamNamed(upstream));
      }
    });
    afterEach(() => ports.close());

    it('gives a manifest with its very bytes, its tag and its blobs', async () => {
      const entry = entryOf({ ...hub, tag: v1 }, 'one');
      const { digest } = entry.manifest;
      await cache.recordManifest(entry);
      expect(await cache.findManifests(both, image, digest)).to.deep.equal([entry.manifest]);
      expect(await cache.findTags(both, image, v1)).to.deep.equal([
        tagOf({ ...hub, tag: v1 }, digest),
      ]);
      const blob = { ...hub, digest: blobOf('one'), sizeBytes: 10, isHere: false, isGiven: false };
      expect(await cache.findBlobs(both, image, blobOf('one'))).to.deep.equal([blob]);
    });

    it('gives a tag together with its manifest, proven or not, or with none', async () => {
      const entry = entryOf({ ...hub, tag: v1 }, 'one');
      const { content, ...word } = entryOf({ ...quay, tag: v1 }, 'two').manifest;
      expect(content).to.be.instanceOf(Buffer);
      await cache.recordManifest(entry);
      await cache.recordManifest({ ...entry, tag: v1, manifest: word, blobs: [], manifests: [] });
      const found = await cache.findTagged(both, image, v1);
      expect(found).to.have.deep.members([
        { tag: tagOf({ ...hub, tag: v1 }, entry.manifest.digest), manifest: entry.manifest },
        { tag: tagOf({ ...quay, tag: v1 }, word.digest), manifest: word },
      ]);
      const absent = tagOf({ ...hub, tag: v2 }, undefined);
      await cache.recordTag(absent);
      expect(await cache.findTagged(both, image, v2)).to.deep.equal([{ tag: absent }]);
      expect(await cache.findTagged(both, other, v1)).to.deep.equal([]);
    });

    it('V18 keeps all by upstream and image', async () => {
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, 'one'));
      const { digest } = imageOf('one');
      for (const [upstreams, where] of [
        [['quay'], image],
        [both, other],
        [[], image],
      ] as const) {
        expect(await cache.findManifests(upstreams, where, digest)).to.deep.equal([]);
        expect(await cache.findTags(upstreams, where, v1)).to.deep.equal([]);
        expect(await cache.findBlobs(upstreams, where, blobOf('one'))).to.deep.equal([]);
        expect(await cache.findBinding(upstreams, where, digest)).to.deep.equal([]);
      }
    });

    it('V18 A33 has a blob only where its upstream gave it for the image', async () => {
      const evil = { upstream: 'quay', image };
      const sibling = { upstream: 'hub', image: other };
      for (const where of [hub, evil, sibling]) await cache.recordManifest(entryOf(where, 'one'));
      const digest = blobOf('one');
      await cache.recordBlob({ ...hub, digest });
      const heres = async (where: typeof image) =>
        (await cache.findBlobs(both, where, digest)).map(({ upstream, isHere, isGiven }) => [
          upstream,
          isHere,
          isGiven,
        ]);
      expect(await heres(image)).to.have.deep.members([
        ['hub', true, true],
        ['quay', false, false],
      ]);
      expect(await heres(other)).to.deep.equal([['hub', false, true]]);
      // Another manifest of the same image has it, too.
      await cache.recordManifest(entryOf(hub, imageOf('two', { layers: [digest] })));
      expect(await heres(image)).to.deep.include(['hub', true, true]);
    });

    it('never replaces proven content by a word of it, and a word by content', async () => {
      const entry = entryOf(hub, 'one');
      const { content: _, ...word } = entry.manifest;
      const { digest } = word;
      const said = { manifest: { ...word, mediaType: 'text/other', sizeBytes: 1 }, blobs: [] };
      const heard = { ...said, manifests: [], checkedAt: new Date(7) };
      await cache.recordManifest(heard);
      expect(await cache.findManifests(both, image, digest)).to.deep.equal([said.manifest]);
      expect(await cache.findBlobs(both, image, blobOf('one'))).to.deep.equal([]);
      await cache.recordManifest(entry);
      await cache.recordManifest(heard);
      expect(await cache.findManifests(both, image, digest)).to.deep.equal([entry.manifest]);
      expect(await cache.findBlobs(both, image, blobOf('one'))).to.have.lengthOf(1);
    });

    it('is idempotent, and binds what an index names to its upstream', async () => {
      const child = imageOf('child');
      const index = indexOf([child.digest]);
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, index));
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, index));
      expect(await cache.findBinding(both, image, index.digest)).to.deep.equal(['hub']);
      expect(await cache.findBinding(both, image, child.digest)).to.deep.equal(['hub']);
      expect(await cache.findManifests(both, image, child.digest)).to.deep.equal([]);
      await cache.recordManifest(entryOf(quay, child));
      const bound = await cache.findBinding(both, image, child.digest);
      expect(bound.toSorted()).to.deep.equal(both);
    });

    it('notes what a tag is now, and that there is none', async () => {
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, 'one'));
      const found = async () => (await cache.findTags(both, image, v1))[0];
      const bumped = tagOf({ ...hub, tag: v1, checkedAt: new Date(9) }, imageOf('one').digest);
      await cache.recordTag(bumped);
      expect(await found()).to.deep.equal(bumped);
      const gone = tagOf({ ...hub, tag: v1, checkedAt: new Date(10) });
      await cache.recordTag(gone);
      expect(await found()).to.deep.equal(gone);
      expect(await cache.findManifests(both, image, imageOf('one').digest)).to.have.lengthOf(1);
    });

    it('notes no tag of a manifest that is not known here', async () => {
      await cache.recordTag(tagOf({ ...hub, tag: v1 }, imageOf('one').digest));
      expect(await cache.findTags(both, image, v1)).to.deep.equal([]);
    });

    it('writes nothing of an upstream that is not configured', async () => {
      const nobody = { upstream: 'nobody', image };
      await cache.recordManifest(entryOf({ ...nobody, tag: v1 }, 'one'));
      await cache.recordTag(tagOf({ ...nobody, tag: v1 }));
      await cache.recordBlob({ ...nobody, digest: blobOf('one') });
      await cache.recordPulls([{ ...nobody, digest: imageOf('one').digest, at: new Date() }]);
      const { digest } = imageOf('one');
      expect(await cache.findManifests(['nobody'], image, digest)).to.deep.equal([]);
      expect(await cache.findTags(['nobody'], image, v1)).to.deep.equal([]);
      expect(await cache.isNamed(blobOf('one'))).to.equal(false);
    });

    it('names a blob as long as any manifest does', async () => {
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, 'one'));
      await cache.recordManifest(entryOf({ ...quay, tag: v1 }, 'one'));
      const { digest } = imageOf('one');
      expect(await cache.isNamed(blobOf('one'))).to.equal(true);
      expect(await cache.isNamed(digest)).to.equal(false);
      await cache.deleteEntry({ ...hub, tag: v1, digest });
      expect(await cache.isNamed(blobOf('one'))).to.equal(true);
      await ports.virtualRegistries.purge({ upstream: 'quay' });
      expect(await cache.isNamed(blobOf('one'))).to.equal(false);
    });

    it('forgets by each new absent tag some that are older than anybody believes', async () => {
      for (const [word, seconds] of Object.entries({ a: 100, b: 100, c: 100, d: 161 })) {
        const checkedAt = new Date(seconds * 1000);
        await cache.recordTag(tagOf({ ...hub, tag: tagNamed(word), checkedAt }));
      }
      const left = await Promise.all(
        ['a', 'b', 'c', 'd'].map((word) => cache.findTags(both, image, tagNamed(word))),
      );
      expect(left.map((tags) => tags.length)).to.deep.equal([0, 0, 0, 1]);
    });

    it('V5 keeps for long that there was no tag, where an answer rests on it', async () => {
      const [kept, late] = [tagNamed('kept'), tagNamed('late')];
      await cache.recordTag(tagOf({ ...hub, tag: kept, checkedAt: new Date(0) }));
      await cache.keepAbsent(both, image, kept);
      const checkedAt = new Date(300 * 24 * 3_600_000);
      await cache.recordTag(tagOf({ ...hub, tag: late, checkedAt }));
      expect(await cache.findTags(both, image, kept)).to.have.length(1);
    });

    it('stands many who record, pull and delete at once', async () => {
      const words = Array.from({ length: 6 }, (_, nth) => `w${nth}`);
      const index = indexOf(words.map((word) => imageOf(word).digest));
      await Promise.all(
        words.flatMap((word) => {
          const { digest } = imageOf(word);
          const pull = { ...hub, digest, at: new Date() };
          return [
            cache.recordManifest(entryOf({ ...hub, tag: v1 }, word)),
            cache.recordManifest(entryOf({ ...hub, tag: v2 }, index)),
            cache.recordBlob({ ...hub, digest: blobOf(word) }),
            cache.recordPulls([pull, { ...pull, tag: v1 }, { ...pull, tag: v2 }]),
            cache.deleteEntry({ ...hub, tag: v1, digest }),
            ports.virtualRegistries.purge({ ...hub, reference: { kind: 'digest', digest } }),
          ];
        }),
      );
      await cache.deleteEntry({ ...hub, tag: v1, digest: index.digest });
      await cache.deleteEntry({ ...hub, tag: v2, digest: index.digest });
      for (const { digest } of await cache.listEntries({ upstream: 'hub', limit: 99 })) {
        await cache.deleteEntry({ ...hub, digest });
      }
      expect(await cache.measure(both)).to.deep.equal({ entries: 0, sizeBytes: 0 });
      for (const word of words) expect(await cache.isNamed(blobOf(word))).to.equal(false);
    });
  });
}
