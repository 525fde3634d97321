/** What every maker of reviews promises. */
import { expect } from 'chai';
import type { Digest } from '../../../../src/oci/digest.ts';
import { BytesRemoved, NotPrimary } from '../../../../src/storage/failure.ts';
import type { ReviewKind, Sifting } from '../../../../src/storage/garbage.ts';
import type { ManifestRecord } from '../../../../src/storage/metadata.ts';
import {
  blobOf,
  INDEX,
  imageOf,
  indexOf,
  recordOf,
  repositoryNamed,
  tagNamed,
} from '../../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../../support/facts.ts';

const repository = repositoryNamed('acme/app');
const other = repositoryNamed('acme/other');
/** Later than everything in these tests. */
const SOON = new Date(Date.now() + 3_600_000);
const LATER = new Date(SOON.getTime() + 3_600_000);
const LONG_AGO = new Date(0);

export function describeGarbageReviewsContract(name: string, open: OpenFacts): void {
  describe(`GarbageReviews: ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const link = (word: string, where = repository) =>
      ports.metadata.linkBlob({
        repository: where,
        digest: blobOf(word),
        sizeBytes: 3,
        actor: 'amy',
      });
    const unlink = (word: string, where = repository) =>
      ports.metadata.unlinkBlob(where, blobOf(word), 'amy');
    const record = (manifest: ManifestRecord, ...tags: string[]) =>
      ports.metadata.recordManifest({
        repository,
        manifest,
        tags: tags.map(tagNamed),
        mayOverwrite: true,
        actor: 'amy',
      });
    const push = async (word: string, ...tags: string[]) => {
      await link(word);
      await record(imageOf(word), ...tags);
      return imageOf(word).digest;
    };
    const listDue = async (kind: ReviewKind, before = SOON) => {
      const due = await ports.garbageReviews.listDue(kind, { before, limit: 99 });
      return due.map(({ digest }) => digest).sort();
    };
    const sift = async (kind: ReviewKind, more: Partial<Sifting> = {}) => {
      const digests = await listDue(kind);
      const common = {
        kind,
        repository,
        digests,
        verdict: 'collect',
        run: 'r1',
        at: SOON,
      } as const;
      const { garbage, living } = await ports.garbageReviews.sift({ ...common, ...more });
      return { garbage: garbage.map(({ digest }) => digest).sort(), living };
    };
    const claim = async (id = 'c1', staleBefore = LONG_AGO) => {
      const times = { at: SOON, before: SOON, staleBefore };
      const claimed = await ports.garbageReviews.claimBlobs({ id, ...times, limit: 99 });
      return claimed.map(({ digest }) => digest).sort();
    };
    const settle = (id: string, gone: Digest[], left: Digest[] = []) =>
      ports.garbageReviews.settleBlobs(id, { gone, left, at: LATER });
    const readFacts = async () => {
      const changes = await ports.changeLog.list({ after: 0, limit: 99 });
      return changes.map(({ fact }) => `${fact.kind} ${'actor' in fact ? fact.actor : ''}`);
    };

    describe('links', () => {
      it('are due once they are that old, and leave the queue where they are in use', async () => {
        await push('a', 'v1');
        await link('b');
        expect(await listDue('link', LONG_AGO)).to.deep.equal([]);
        expect(await listDue('link')).to.deep.equal([blobOf('a'), blobOf('b')].sort());
        const shown = await sift('link', { verdict: 'show' });
        expect(shown).to.deep.equal({ garbage: [blobOf('b')], living: 1 });
        expect(await listDue('link')).to.have.lengthOf(2);
        const left = await sift('link', { verdict: 'leave' });
        expect(left).to.deep.equal(shown);
        expect(await listDue('link')).to.deep.equal([]);
        expect(await listDue('link', LATER)).to.deep.equal([blobOf('b')]);
      });

      it('go with a fact in the log, where no manifest of this repository uses them', async () => {
        await push('a', 'v1');
        await link('b');
        await link('a', other);
        expect(await sift('link')).to.deep.equal({ garbage: [blobOf('b')], living: 1 });
        expect(await ports.metadata.findBlob(repository, blobOf('b'))).to.equal(undefined);
        expect((await readFacts()).at(-1)).to.equal('blob-unlinked garbage collection');
        expect(await listDue('link')).to.deep.equal([blobOf('a')]);
        expect(await sift('link', { repository: other })).to.deep.include({
          garbage: [blobOf('a')],
        });
      });

      it('are due again when the manifest that used them goes', async () => {
        const digest = await push('a', 'v1');
        await sift('link');
        expect(await listDue('link')).to.deep.equal([]);
        await ports.metadata.deleteManifest(repository, digest, 'amy');
        expect(await sift('link')).to.deep.equal({ garbage: [blobOf('a')], living: 0 });
      });

      it('wait anew where they are pushed again', async () => {
        await link('a');
        const [before] = [new Date()];
        await new Promise((resolve) => setTimeout(resolve, 5));
        await link('a');
        expect(await listDue('link', before)).to.deep.equal([]);
      });

      it('are collected at no site but the primary', async () => {
        await link('a');
        const digests = await listDue('link');
        await ports.become('secondary');
        let failure: unknown;
        await sift('link', { digests }).catch((error: unknown) => (failure = error));
        expect(failure).to.be.instanceOf(NotPrimary);
        expect(await ports.metadata.findBlob(repository, blobOf('a'))).to.not.equal(undefined);
        expect((await sift('link', { verdict: 'leave' })).garbage).to.deep.equal([blobOf('a')]);
      });
    });

    describe('manifests', () => {
      it('are in use by a tag, by an index, and by a subject that is there', async () => {
        const tagged = await push('tagged', 'v1');
        const child = await push('child');
        await record(indexOf([child]), 'multi');
        await link('signature');
        const signature = imageOf('signature', { subject: tagged });
        await record(signature);
        const untagged = await push('untagged');
        expect((await sift('manifest')).garbage).to.deep.equal([untagged]);
        expect(await ports.metadata.findManifest(repository, untagged)).to.equal(undefined);
        expect(await listDue('manifest')).to.deep.equal([]);
        expect((await readFacts()).at(-1)).to.equal('manifest-deleted garbage collection');
      });

      it('are due again when what held them goes', async () => {
        const moved = await push('moved', 'v1');
        const child = await push('child');
        const index = recordOf(INDEX, {
          manifests: [{ mediaType: imageOf('child').mediaType, digest: child, size: 1 }],
        });
        await record(index, 'multi');
        await link('signature');
        const signature = imageOf('signature', { subject: index.digest });
        await record(signature);
        await sift('manifest');
        expect(await listDue('manifest')).to.deep.equal([]);
        await push('newer', 'v1');
        expect(await listDue('manifest')).to.include(moved);
        await ports.metadata.deleteTag(repository, tagNamed('v1'), 'amy');
        expect(await listDue('manifest')).to.include(imageOf('newer').digest);
        await ports.metadata.deleteManifest(repository, index.digest, 'amy');
        expect(await listDue('manifest')).to.include.members([child, signature.digest]);
        const gone = [moved, imageOf('newer').digest, child, signature.digest];
        expect((await sift('manifest')).garbage).to.deep.equal(gone.sort());
      });

      it('leave the queue with their repository', async () => {
        await push('a', 'v1');
        await ports.metadata.deleteRepository(repository, 'amy');
        expect(await listDue('manifest')).to.deep.equal([]);
        expect(await listDue('link')).to.deep.equal([]);
        expect(await claim()).to.deep.equal([blobOf('a')]);
      });

      it('are read by pages, with their bytes', async () => {
        for (const word of ['a', 'b', 'c']) await push(word);
        const first = await ports.garbageReviews.listContents(repository, { limit: 2 });
        const after = first[1]!.digest;
        const second = await ports.garbageReviews.listContents(repository, { limit: 2, after });
        const digests = ['a', 'b', 'c'].map((word) => imageOf(word).digest).sort();
        expect([...first, ...second].map(({ digest }) => digest)).to.deep.equal(digests);
        const image = imageOf('a');
        const found = [...first, ...second].find(({ digest }) => digest === image.digest)!;
        expect(found.content.equals(image.content)).to.equal(true);
        expect(found.mediaType).to.equal(image.mediaType);
      });
    });

    describe('blobs', () => {
      it('are claimed when the last link is gone', async () => {
        await link('a');
        await link('a', other);
        await unlink('a');
        expect(await claim()).to.deep.equal([]);
        await unlink('a', other);
        const page = { before: SOON, staleBefore: LONG_AGO, limit: 9 };
        const unlinked = await ports.garbageReviews.listUnlinked(page);
        expect(unlinked).to.deep.equal([{ digest: blobOf('a'), sizeBytes: 3 }]);
        expect(await claim()).to.deep.equal([blobOf('a')]);
        expect(await claim('c2')).to.deep.equal([]);
        expect(await ports.garbageReviews.listUnlinked(page)).to.deep.equal([]);
      });

      it('are claimed once, and links collected once, by many that look at once', async () => {
        const words = Array.from({ length: 20 }, (_, n) => `word ${n}`);
        for (const word of words) await link(word);
        const sifted = await Promise.all([sift('link'), sift('link'), sift('link')]);
        const collected = sifted.flatMap(({ garbage }) => garbage);
        expect(collected.sort()).to.deep.equal(words.map(blobOf).sort());
        const claimed = await Promise.all(['c1', 'c2', 'c3'].map((id) => claim(id)));
        expect(claimed.flat().sort()).to.deep.equal(words.map(blobOf).sort());
      });

      it('are not claimed where they were linked again', async () => {
        await link('a');
        await unlink('a');
        await link('a');
        expect(await claim()).to.deep.equal([]);
        await unlink('a');
        expect(await claim()).to.deep.equal([blobOf('a')]);
      });

      it('cannot be linked while they are claimed, and then by who looked again', async () => {
        await link('a');
        await unlink('a');
        await claim('c1');
        expect(await readRemoval(() => link('a'))).to.equal('under way');
        await settle('c1', [blobOf('a')]);
        const removal = await readRemoval(() => link('a'));
        expect(removal).to.be.a('string');
        const again = { repository, digest: blobOf('a'), sizeBytes: 3, actor: '' };
        const wrong = { ...again, foundBehind: 'another' };
        expect(await readRemoval(() => ports.metadata.linkBlob(wrong))).to.equal(removal);
        await ports.metadata.linkBlob({ ...again, foundBehind: removal! });
        await link('a', other);
        expect(await ports.metadata.findBlob(other, blobOf('a'))).to.deep.equal({ sizeBytes: 3 });
      });

      it('cannot be verified while they are claimed, and then by who looked again', async () => {
        await link('a');
        await unlink('a');
        const at = new Date();
        await claim('c1');
        expect(await ports.replicas.findVerified(blobOf('a'))).to.equal(undefined);
        const verify = (behind?: string) => ports.replicas.recordVerified(blobOf('a'), at, behind);
        expect(await readRemoval(() => verify())).to.equal('under way');
        await settle('c1', [blobOf('a')]);
        const removal = await readRemoval(() => verify());
        await verify(removal);
        expect(await ports.replicas.findVerified(blobOf('a'))).to.deep.equal(at);
        await verify();
      });

      it('wait anew where they were left, and leave the queue where they are gone', async () => {
        for (const word of ['a', 'b']) {
          await link(word);
          await unlink(word);
        }
        await claim('c1');
        await settle('c1', [blobOf('a')], [blobOf('b')]);
        expect(await claim('c2')).to.deep.equal([]);
        const times = { at: LATER, before: new Date(LATER.getTime() + 1), staleBefore: LONG_AGO };
        const claimed = await ports.garbageReviews.claimBlobs({ id: 'c3', ...times, limit: 9 });
        expect(claimed.map(({ digest }) => digest)).to.deep.equal([blobOf('b')]);
        const lengths = await ports.garbageReviews.measure({ review: SOON, removal: SOON });
        expect(lengths.blob).to.deep.equal({ waiting: 1, due: 0 });
      });

      it('are claimed from a process that died, which then settles nothing', async () => {
        await link('a');
        await unlink('a');
        await claim('c1');
        expect(await claim('c2', LATER)).to.deep.equal([blobOf('a')]);
        await settle('c1', [blobOf('a')]);
        expect(await readRemoval(() => link('a'))).to.equal('under way');
        await settle('c2', [blobOf('a')]);
        expect(await readRemoval(() => link('a'))).to.equal('c2');
      });

      it('are found in the store where no fact names them', async () => {
        await link('a');
        const at = new Date();
        await ports.garbageReviews.noteFound([blobOf('a'), blobOf('lost')], at);
        await ports.garbageReviews.noteFound([blobOf('lost')], LATER);
        // Who linked it just now has to look whether it is there.
        expect(await readRemoval(() => link('lost'))).to.be.a('string');
        expect(await claim('c1')).to.deep.equal([blobOf('lost')]);
      });

      it('are forgotten to have been removed only after a while', async () => {
        await link('a');
        await unlink('a');
        await claim('c1');
        expect(await ports.garbageReviews.forgetRemovals(LATER)).to.equal(0);
        await settle('c1', [blobOf('a')]);
        expect(await ports.garbageReviews.forgetRemovals(LONG_AGO)).to.equal(0);
        expect(await ports.garbageReviews.forgetRemovals(LATER)).to.equal(1);
        await link('a');
      });
    });
  });
}

/** The removal that stands in the way, or that one is under way. */
async function readRemoval(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
  } catch (error) {
    if (error instanceof BytesRemoved) return error.removal ?? 'under way';
    throw error;
  }
  return undefined;
}
