/** What every maker of `VirtualCache` says of its entries, to people and to who tidies up. */
import { expect } from 'chai';
import type { CacheEntry } from '../../../../src/storage/virtual/cache.ts';
import { blobOf, imageOf, indexOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { CACHED_AT, entryOf, tagOf, upstreamNamed } from '../../../support/virtual/cached.ts';

const image = repositoryNamed('library/alpine');
const [v1, v2] = [tagNamed('v1'), tagNamed('v2')];
const hub = { upstream: 'hub', image };
const quay = { upstream: 'quay', image };
const sizeOf = (word: string) => imageOf(word).content.length;
const later = (hours: number) => new Date(CACHED_AT.getTime() + hours * 3_600_000);

export function describeCacheEntriesContract(name: string, open: OpenPorts): void {
  describe(`entries of VirtualCache in ${name}`, () => {
    let ports: TestPorts;
    let cache: TestPorts['virtualCache'];

    beforeEach(async () => {
      ports = await open();
      cache = ports.virtualCache;
      for (const upstream of ['hub', 'quay']) {
        await ports.virtualRegistries.recordUpstream(upstreamNamed(upstream));
      }
    });
    afterEach(() => ports.close());

    const list = async () => (await cache.listEntries({ upstream: 'hub', limit: 99 })).map(nameOf);
    const find = async (wanted?: string) =>
      (await cache.listEntries({ upstream: 'hub', limit: 99 })).find(({ tag }) => tag === wanted);

    it('are tags, and manifests that neither a tag nor an index names', async () => {
      const [child, loose] = [imageOf('child'), imageOf('loose')];
      const index = indexOf([child.digest]);
      await cache.recordManifest(entryOf(hub, child));
      await cache.recordManifest(entryOf(hub, loose));
      expect(await list()).to.have.members([
        `${image} ${child.digest}`,
        `${image} ${loose.digest}`,
      ]);
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, index));
      expect(await list()).to.deep.equal([`${image} ${loose.digest}`, `${image} v1`]);
      // A tag that moves, and one that is gone, leave their manifests behind.
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, loose));
      expect(await list()).to.deep.equal([`${image} ${index.digest}`, `${image} v1`]);
      await cache.recordTag(tagOf({ ...hub, tag: v1 }));
      const both = [index.digest, loose.digest].sort().map((digest) => `${image} ${digest}`);
      expect(await list()).to.deep.equal(both);
      await cache.recordTag(tagOf({ ...hub, tag: v2 }, loose.digest));
      expect(await list()).to.deep.equal([`${image} ${index.digest}`, `${image} v2`]);
    });

    it('come in pages by image and reference, and by the beginning of the image', async () => {
      const places = ['a/b', 'a/b/c', 'a-b', 'ab'].map((one) => repositoryNamed(one));
      for (const where of places) {
        for (const tag of [v1, v2]) {
          await cache.recordManifest(entryOf({ upstream: 'hub', image: where, tag }, tag));
        }
        await cache.recordManifest(entryOf({ upstream: 'hub', image: where }, `loose ${where}`));
      }
      await cache.recordManifest(entryOf({ ...quay, tag: v1 }, 'other'));
      const all = await list();
      expect(all).to.have.lengthOf(12);
      expect(all).to.deep.equal(all.toSorted());
      for (const limit of [1, 2, 5]) {
        const found: string[] = [];
        for (let after: { image: string; reference: string } | undefined; ; ) {
          const page = { upstream: 'hub', limit, ...(after ? { after } : {}) };
          const entries = await cache.listEntries(page);
          found.push(...entries.map(nameOf));
          if (entries.length < limit) break;
          const last = entries.at(-1)!;
          after = { image: last.image, reference: last.tag ?? last.digest };
        }
        expect(found, `pages of ${limit}`).to.deep.equal(all);
      }
      const under = await cache.listEntries({ upstream: 'hub', prefix: 'a/', limit: 99 });
      expect(under.map(nameOf)).to.deep.equal(all.filter((one) => one.startsWith('a/')));
    });

    it('have the size of all that is here of them, and each blob is measured once', async () => {
      const base = blobOf('base');
      const [one, two] = [imageOf('one', { layers: [base] }), imageOf('two', { layers: [base] })];
      const index = indexOf([one.digest, two.digest]);
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, index));
      const sizes = async () => [
        (await find('v1'))?.sizeBytes,
        (await cache.measure(['hub'])).sizeBytes,
      ];
      let sum = index.content.length;
      expect(await sizes()).to.deep.equal([sum, sum]);
      for (const child of [one, two]) await cache.recordManifest(entryOf(hub, child));
      sum += one.content.length + two.content.length;
      expect(await sizes()).to.deep.equal([sum, sum]);
      for (const digest of [base, blobOf('one')]) await cache.recordBlob({ ...hub, digest });
      expect(await sizes()).to.deep.equal([sum + 20, sum + 20]);
      await cache.recordManifest(entryOf({ ...quay, tag: v1 }, one));
      await cache.recordBlob({ ...quay, digest: base });
      expect(await cache.measure(['hub', 'quay'])).to.deep.equal({
        entries: 2,
        sizeBytes: sum + 20 + one.content.length,
      });
      expect(await cache.measure([])).to.deep.equal({ entries: 0, sizeBytes: 0 });
    });

    it('do not count what is known by a word alone', async () => {
      const { content: _, ...manifest } = entryOf(hub, 'one').manifest;
      const heard = { manifest, tag: v1, checkedAt: CACHED_AT, blobs: [], manifests: [] };
      await cache.recordManifest(heard);
      expect(await find('v1')).to.include({ sizeBytes: 0, digest: manifest.digest, pulls: 0 });
      expect(await cache.measure(['hub'])).to.deep.equal({ entries: 1, sizeBytes: 0 });
    });

    it('count as many pulls as are held, each of an image of its own', async () => {
      const one = { upstream: 'hub', digest: imageOf('one').digest, at: later(1) };
      const images = Array.from({ length: 10_000 }, (_, nth) => repositoryNamed(`image-${nth}`));
      await cache.recordManifest(entryOf({ upstream: 'hub', image: images.at(-1)! }, 'one'));
      await cache.recordPulls(images.map((each) => ({ ...one, image: each })));
      const [entry] = await cache.listEntries({ upstream: 'hub', limit: 9 });
      expect(entry?.pulls).to.equal(1);
    });

    it('count pulls by their tag and by their digest, and pass over what is gone', async () => {
      const { digest, mediaType } = imageOf('one');
      for (const tag of [v1, v2]) await cache.recordManifest(entryOf({ ...hub, tag }, 'one'));
      expect(await find('v1')).not.to.have.property('pulledAt');
      const pull = { ...hub, digest };
      await cache.recordPulls([
        { ...pull, tag: v1, at: later(3) },
        { ...pull, tag: v1, at: later(2), times: 2 },
        { ...pull, at: later(2) },
        { ...pull, tag: tagNamed('none'), at: later(1) },
        { ...pull, digest: blobOf('none'), at: later(9) },
      ]);
      await cache.recordPulls([]);
      const size = { sizeBytes: sizeOf('one'), mediaType, checkedAt: CACHED_AT };
      expect(await find('v1')).to.deep.equal({
        ...hub,
        tag: v1,
        digest,
        ...size,
        pulls: 4,
        pulledAt: later(3),
      });
      expect(await find('v2')).to.include({ pulls: 1 });
    });

    it('are unused when nobody pulled them or what they name, the longest ago first', async () => {
      const child = imageOf('child');
      const index = indexOf([child.digest]);
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, index));
      await cache.recordManifest(entryOf(hub, child));
      await cache.recordManifest(entryOf({ ...hub, tag: v2, checkedAt: later(1) }, 'two'));
      await cache.recordManifest(entryOf({ ...quay, tag: v1, checkedAt: later(2) }, 'three'));
      await cache.recordManifest(entryOf({ ...quay, checkedAt: later(3) }, 'four'));
      const unused = async (hours: number, limit = 9) => {
        const page = { before: later(hours), limit };
        const entries = await cache.listUnused(['hub', 'quay'], page);
        return entries.map(({ tag, digest }) => tag ?? digest);
      };
      const four = imageOf('four').digest;
      expect(await unused(9)).to.deep.equal([v1, v2, v1, four]);
      expect(await unused(9, 2)).to.deep.equal([v1, v2]);
      expect(await unused(1)).to.deep.equal([v1]);
      // Only the child is pulled, by its digest: its index stays in use.
      await cache.recordPulls([{ ...hub, digest: child.digest, at: later(5) }]);
      await cache.recordPulls([{ ...hub, digest: imageOf('two').digest, tag: v2, at: later(4) }]);
      expect(await unused(9)).to.deep.equal([v1, four, v2, v1]);
      expect(await unused(4)).to.deep.equal([v1, four]);
      expect(await find('v1')).to.deep.include({ pulls: 0, pulledAt: later(5) });
      // Its tag leaves it: it was used all the same.
      await cache.recordTag(tagOf({ ...hub, tag: v2 }));
      expect(await unused(9)).to.deep.equal([v1, four, imageOf('two').digest, v1]);
    });

    it('go with what only they named', async () => {
      const [one, two] = [imageOf('one'), imageOf('two')];
      const index = indexOf([one.digest, two.digest]);
      await cache.recordManifest(entryOf({ ...hub, tag: v1 }, index));
      for (const child of [one, two]) await cache.recordManifest(entryOf(hub, child));
      await cache.recordTag(tagOf({ ...hub, tag: v2 }, two.digest));
      await cache.deleteEntry({ ...hub, tag: v1, digest: index.digest });
      expect(await list()).to.deep.equal([`${image} v2`]);
      expect(await cache.findManifests(['hub'], image, one.digest)).to.deep.equal([]);
      expect(await cache.isNamed(blobOf('one'))).to.equal(false);
      expect(await cache.isNamed(blobOf('two'))).to.equal(true);
      await cache.deleteEntry({ ...hub, tag: v1, digest: index.digest });
      expect(await list()).to.deep.equal([`${image} v2`]);
    });

    it('leave a manifest that something else names, and go with its tags', async () => {
      const { digest } = imageOf('one');
      const index = indexOf([digest]);
      for (const tag of [v1, v2]) await cache.recordManifest(entryOf({ ...hub, tag }, 'one'));
      await cache.deleteEntry({ ...hub, tag: v1, digest });
      expect(await list()).to.deep.equal([`${image} v2`]);
      await cache.recordManifest(entryOf(hub, index));
      await cache.deleteEntry({ ...hub, tag: v2, digest });
      expect(await list()).to.deep.equal([`${image} ${index.digest}`]);
      expect(await cache.findManifests(['hub'], image, digest)).to.have.lengthOf(1);
      await cache.recordTag(tagOf({ ...hub, tag: v1 }, digest));
      await cache.deleteEntry({ ...hub, digest });
      expect(await cache.findTags(['hub'], image, v1)).to.deep.equal([]);
      expect(await cache.findManifests(['hub'], image, digest)).to.deep.equal([]);
      expect(await cache.findBinding(['hub'], image, digest)).to.deep.equal(['hub']);
    });
  });
}

function nameOf({ image: where, tag, digest }: CacheEntry): string {
  return `${where} ${tag ?? digest}`;
}
