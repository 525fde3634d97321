/** What every maker of `GarbageReviews` keeps of what is cached: bytes stay while it names them. */
import { expect } from 'chai';
import type { Digest } from '../../../../src/oci/digest.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { entryOf, upstreamNamed } from '../../../support/virtual/cached.ts';

const image = repositoryNamed('library/alpine');
const [hub, quay] = [
  { upstream: 'hub', image },
  { upstream: 'quay', image },
];
const [v1, v2] = [tagNamed('v1'), tagNamed('v2')];
const SOON = new Date(Date.now() + 3_600_000);
const PAGE = { before: SOON, staleBefore: new Date(0), limit: 99 };

export function describeCachedGarbageContract(name: string, open: OpenPorts): void {
  describe(`the garbage of caches in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
      for (const upstream of ['hub', 'quay']) {
        await ports.virtualRegistries.recordUpstream(upstreamNamed(upstream));
      }
    });
    afterEach(() => ports.close());

    const cache = async (where: typeof hub, ...words: string[]) => {
      for (const word of words) {
        await ports.virtualCache.recordManifest(entryOf({ ...where, tag: tagNamed(word) }, word));
        await ports.virtualCache.recordBlob({ ...where, digest: blobOf(word) });
      }
    };
    const listUnlinked = async () =>
      (await ports.garbageReviews.listUnlinked(PAGE)).map(({ digest }) => digest);
    const claim = async () => {
      const claimed = await ports.garbageReviews.claimBlobs({ id: 'c', at: SOON, ...PAGE });
      return claimed.map(({ digest }) => digest).toSorted();
    };
    const purge = (word: Digest) =>
      ports.virtualRegistries.purge({ ...hub, reference: { kind: 'digest', digest: word } });

    it('is due when the last entry that names it goes, whatever takes it', async () => {
      await cache(hub, 'a', 'b', 'c', 'd');
      await cache(quay, 'a');
      await ports.garbageReviews.noteFound(['a', 'b', 'c', 'd'].map(blobOf), new Date());
      expect(await listUnlinked()).to.deep.equal([]);
      await ports.virtualCache.deleteEntry({ ...hub, tag: tagNamed('b'), ...imageOf('b') });
      await purge(imageOf('a').digest);
      expect(await claim()).to.deep.equal([blobOf('b')]);
      await ports.virtualRegistries.purge({ upstream: 'quay' });
      await purge(imageOf('c').digest);
      expect(await claim()).to.deep.equal([blobOf('a'), blobOf('c')].toSorted());
      await ports.virtualRegistries.deleteUpstream('hub');
      expect(await listUnlinked()).to.deep.equal([blobOf('d')]);
    });

    it('is not due while a repository links it, nor where it was cached again', async () => {
      await cache(hub, 'a', 'b');
      const repository = repositoryNamed('acme/app');
      const link = { repository, digest: blobOf('a'), sizeBytes: 10, actor: '' };
      await ports.metadata.linkBlob(link);
      await ports.virtualRegistries.purge({ upstream: 'hub' });
      await cache(quay, 'b');
      expect(await claim()).to.deep.equal([]);
      // A link that goes while it is cached leaves its bytes to the cache.
      await cache(quay, 'a');
      await ports.metadata.unlinkBlob(repository, blobOf('a'), '');
      expect(await claim()).to.deep.equal([]);
      await ports.virtualRegistries.purge({ upstream: 'quay' });
      expect(await claim()).to.deep.equal([blobOf('a'), blobOf('b')].toSorted());
    });

    it('is nothing where no bytes of it ever came', async () => {
      await ports.virtualCache.recordManifest(entryOf({ ...hub, tag: v1 }, 'a'));
      await cache(hub, 'b');
      await ports.virtualCache.recordManifest(entryOf({ ...hub, tag: v2 }, 'c'));
      await ports.virtualRegistries.purge({ upstream: 'hub' });
      expect(await claim()).to.deep.equal([blobOf('b')]);
    });
  });
}
