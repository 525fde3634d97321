/** What every maker of `Metadata` keeps. */
import { expect } from 'chai';
import type { Digest } from '../../../src/oci/digest.ts';
import type { Tag } from '../../../src/oci/reference.ts';
import { NotPrimary } from '../../../src/storage/failure.ts';
import type { ManifestRecord, PutOutcome } from '../../../src/storage/metadata.ts';
import {
  blobOf,
  IMAGE,
  imageOf,
  indexOf,
  repositoryNamed,
  tagNamed,
} from '../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../support/facts.ts';

const repository = repositoryNamed('acme/app');
const elsewhere = repositoryNamed('acme/other');
const [v1, v2] = [tagNamed('v1'), tagNamed('v2')];

export function describeMetadataContract(name: string, open: OpenFacts): void {
  describe(`Metadata in ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const head = () => ports.changeLog.head();
    const link = (word: string, into = repository) =>
      ports.metadata.linkBlob({
        repository: into,
        digest: blobOf(word),
        sizeBytes: 7,
        actor: 'amy',
      });
    const put = (
      manifest: ManifestRecord,
      tags: readonly Tag[] = [],
      mayOverwrite = true,
    ): Promise<PutOutcome> =>
      ports.metadata.recordManifest({ repository, manifest, tags, mayOverwrite, actor: 'amy' });
    const push = async (word: string, ...tags: Tag[]): Promise<Digest> => {
      await link(word);
      const manifest = imageOf(word);
      expect(await put(manifest, tags)).to.deep.equal({ kind: 'recorded' });
      return manifest.digest;
    };

    describe('blobs', () => {
      it('finds a blob in the repository that it is linked into, and in no other', async () => {
        await link('a');
        expect(await ports.metadata.findBlob(repository, blobOf('a'))).to.deep.equal({
          sizeBytes: 7,
        });
        expect(await ports.metadata.findBlob(elsewhere, blobOf('a'))).to.equal(undefined);
      });

      it('keeps sizes beyond four gigabytes', async () => {
        const sizeBytes = 5 * 2 ** 40;
        await ports.metadata.linkBlob({ repository, digest: blobOf('a'), sizeBytes, actor: '' });
        expect(await ports.metadata.findBlob(repository, blobOf('a'))).to.deep.equal({ sizeBytes });
      });

      it('appends one change for a link that is made twice', async () => {
        await link('a');
        await link('a');
        expect(await head()).to.equal(1);
      });

      it('unlinks a blob from one repository alone', async () => {
        await link('a');
        await link('a', elsewhere);
        expect(await ports.metadata.unlinkBlob(repository, blobOf('a'), 'amy')).to.equal(true);
        expect(await ports.metadata.unlinkBlob(repository, blobOf('a'), 'amy')).to.equal(false);
        expect(await ports.metadata.findBlob(repository, blobOf('a'))).to.equal(undefined);
        expect(await ports.metadata.findBlob(elsewhere, blobOf('a'))).to.not.equal(undefined);
        expect(await head()).to.equal(3);
      });
    });

    describe('recordManifest', () => {
      it('gives back the very bytes and the type', async () => {
        await link('a');
        const manifest = imageOf('a', { annotations: { word: 'nul \u0000 and \ud800 alone' } });
        await put(manifest, [v1]);
        expect(await ports.metadata.findManifest(repository, manifest.digest)).to.deep.equal({
          digest: manifest.digest,
          mediaType: IMAGE,
          content: manifest.content,
        });
        expect(await ports.metadata.findTag(repository, v1)).to.equal(manifest.digest);
        expect(await ports.metadata.findManifest(elsewhere, manifest.digest)).to.equal(undefined);
      });

      it('names each missing blob once and writes nothing', async () => {
        await link('config');
        const lacking = [blobOf('b'), blobOf('a'), blobOf('b')];
        const manifest = imageOf('config', { layers: lacking });
        const outcome = await put(manifest, [v1]);
        expect(outcome).to.deep.equal({ kind: 'missing', digests: [blobOf('b'), blobOf('a')] });
        expect(await ports.metadata.findManifest(repository, manifest.digest)).to.equal(undefined);
        expect(await ports.metadata.findTag(repository, v1)).to.equal(undefined);
        expect(await head()).to.equal(1);
      });

      it('does not take a blob of another repository for its own', async () => {
        await link('a', elsewhere);
        expect(await put(imageOf('a'))).to.deep.equal({ kind: 'missing', digests: [blobOf('a')] });
        expect(await ports.catalog.findRepository(repository)).to.equal(undefined);
      });

      it('names a missing child of an index', async () => {
        const present = await push('a');
        const absent = imageOf('b').digest;
        expect(await put(indexOf([present, absent]))).to.deep.equal({
          kind: 'missing',
          digests: [absent],
        });
        expect(await put(indexOf([present]))).to.deep.equal({ kind: 'recorded' });
      });

      it('takes a subject that is not there', async () => {
        await link('a');
        expect(await put(imageOf('a', { subject: blobOf('nowhere') }))).to.deep.equal({
          kind: 'recorded',
        });
      });

      it('appends one change for a push with several tags, none for its repetition', async () => {
        await push('a', v1, v2);
        expect(await head()).to.equal(2);
        await push('a', v1, v2);
        expect(await head()).to.equal(2);
      });

      it('appends only the tags that move', async () => {
        await push('a', v1);
        await push('a', v1, v2);
        const [change] = await ports.changeLog.list({ after: 2, limit: 10 });
        expect(change!.fact).to.deep.include({ kind: 'manifest-recorded', tags: [v2] });
      });

      it('moves a tag where that is allowed', async () => {
        await push('a', v1);
        const digest = await push('b', v1);
        expect(await ports.metadata.findTag(repository, v1)).to.equal(digest);
      });

      it('leaves everything as it was where one tag may not be moved', async () => {
        const digest = await push('a', v1);
        await link('b');
        const before = await head();
        const manifest = imageOf('b');
        expect(await put(manifest, [v2, v1], false)).to.deep.equal({ kind: 'tag-exists', tag: v1 });
        expect(await ports.metadata.findTag(repository, v1)).to.equal(digest);
        expect(await ports.metadata.findTag(repository, v2)).to.equal(undefined);
        expect(await ports.metadata.findManifest(repository, manifest.digest)).to.equal(undefined);
        expect(await head()).to.equal(before);
      });

      it('lets a tag be pushed again to where it points, also without that right', async () => {
        await push('a', v1);
        expect(await put(imageOf('a'), [v1], false)).to.deep.equal({ kind: 'recorded' });
      });

      it('notes that the same bytes have another type now', async () => {
        await push('a');
        await put({ ...imageOf('a'), mediaType: 'application/json' });
        const found = await ports.metadata.findManifest(repository, imageOf('a').digest);
        expect(found?.mediaType).to.equal('application/json');
        expect(await head()).to.equal(3);
      });

      it('takes 5,000 layers and 3,000 tags in one push', async () => {
        await link('a');
        const layers = Array.from({ length: 5000 }, (_, n) => blobOf(`${n}`));
        const outcome = await put(imageOf('a', { layers }));
        expect(outcome).to.have.property('digests').with.lengthOf(5000);
        const tags = Array.from({ length: 3000 }, (_, n) => tagNamed(`t${n}`));
        await push('a', ...tags);
        expect(await ports.catalog.listTags(repository, { limit: 5000 })).to.have.lengthOf(3000);
      });
    });

    describe('deletion', () => {
      it('deletes a tag and leaves the manifest', async () => {
        const digest = await push('a', v1);
        expect(await ports.metadata.deleteTag(repository, v1, 'amy')).to.equal(true);
        expect(await ports.metadata.deleteTag(repository, v1, 'amy')).to.equal(false);
        expect(await ports.metadata.findManifest(repository, digest)).to.not.equal(undefined);
        expect(await head()).to.equal(3);
      });

      it('deletes a manifest with every tag on it, and no other', async () => {
        const digest = await push('a', v1, v2);
        const other = await push('b', tagNamed('v3'));
        expect(await ports.metadata.deleteManifest(repository, digest, 'amy')).to.equal(true);
        expect(await ports.metadata.deleteManifest(repository, digest, 'amy')).to.equal(false);
        expect(await ports.catalog.listTags(repository, { limit: 9 })).to.deep.equal(['v3']);
        expect(await ports.metadata.findManifest(repository, other)).to.not.equal(undefined);
        expect(await head()).to.equal(5);
      });

      it('deletes a repository with all that is in it, and nothing of another', async () => {
        const digest = await push('a', v1);
        await link('a', elsewhere);
        expect(await ports.metadata.deleteRepository(repository, 'amy')).to.equal(true);
        expect(await ports.metadata.deleteRepository(repository, 'amy')).to.equal(false);
        expect(await ports.catalog.findRepository(repository)).to.equal(undefined);
        expect(await ports.metadata.findManifest(repository, digest)).to.equal(undefined);
        expect(await ports.metadata.findTag(repository, v1)).to.equal(undefined);
        expect(await ports.metadata.findBlob(repository, blobOf('a'))).to.equal(undefined);
        expect(await ports.metadata.findBlob(elsewhere, blobOf('a'))).to.not.equal(undefined);
        const [change] = await ports.changeLog.list({ after: 3, limit: 9 });
        expect(change!.fact).to.deep.equal({
          kind: 'repository-deleted',
          repository,
          actor: 'amy',
        });
        expect(await head()).to.equal(4);
      });

      it('lets a repository that was deleted come to be again, empty', async () => {
        await push('a', v1);
        await ports.metadata.deleteRepository(repository, 'amy');
        await link('b');
        expect(await ports.catalog.listTags(repository, { limit: 9 })).to.deep.equal([]);
        expect(await ports.metadata.findBlob(repository, blobOf('a'))).to.equal(undefined);
      });

      it('says of what never was that it is not there', async () => {
        expect(await ports.metadata.deleteTag(elsewhere, v1, '')).to.equal(false);
        expect(await ports.metadata.deleteManifest(elsewhere, blobOf('a'), '')).to.equal(false);
        expect(await ports.metadata.unlinkBlob(elsewhere, blobOf('a'), '')).to.equal(false);
        expect(await ports.metadata.deleteRepository(elsewhere, '')).to.equal(false);
        expect(await head()).to.equal(0);
      });
    });

    describe('at once', () => {
      it('records a manifest whole or sees that its blob is gone', async () => {
        for (let round = 0; round < 20; round++) {
          await link('a');
          const layer = blobOf(`layer ${round}`);
          await ports.metadata.linkBlob({ repository, digest: layer, sizeBytes: 1, actor: '' });
          const manifest = imageOf('a', { layers: [layer] });
          const [outcome] = await Promise.all([
            put(manifest),
            ports.metadata.unlinkBlob(repository, layer, ''),
          ]);
          const facts = await ports.changeLog.list({ after: (await head()) - 2, limit: 2 });
          const kinds = facts.map(({ fact }) => fact.kind);
          const isRecorded = outcome.kind === 'recorded';
          expect(kinds).to.deep.equal(
            isRecorded ? ['manifest-recorded', 'blob-unlinked'] : ['blob-linked', 'blob-unlinked'],
          );
        }
      });

      it('never leaves a tag on a manifest that is deleted', async () => {
        for (let round = 0; round < 20; round++) {
          const digest = await push('a', v1);
          await Promise.all([
            put(imageOf('a'), [v2]),
            ports.metadata.deleteManifest(repository, digest, ''),
            put(imageOf('a'), [v2, v1]),
          ]);
          const isThere = await ports.metadata.findManifest(repository, digest);
          expect((await ports.metadata.findTag(repository, v2)) !== undefined).to.equal(
            isThere !== undefined,
          );
        }
      });

      it('lets one of two win a tag that neither may move', async () => {
        await link('a');
        await link('b');
        const outcomes = await Promise.all([
          put(imageOf('a'), [v1], false),
          put(imageOf('b'), [v1], false),
        ]);
        expect(outcomes.map(({ kind }) => kind).sort()).to.deep.equal(['recorded', 'tag-exists']);
      });

      it('gives every one of many changes a position of its own, without gaps', async () => {
        const names = Array.from({ length: 40 }, (_, n) => repositoryNamed(`many/r${n % 8}`));
        await Promise.all(names.map((into, n) => link(`${n}`, into)));
        const changes = await ports.changeLog.list({ after: 0, limit: 100 });
        expect(changes.map(({ position }) => position)).to.deep.equal(names.map((_, n) => n + 1));
      });
    });

    describe('at a site that is not the primary', () => {
      it('refuses every change and writes nothing', async () => {
        const digest = await push('a', v1);
        await ports.become('secondary');
        const attempts = [
          () => link('b'),
          () => link('a'),
          () => put(imageOf('a'), [v2]),
          () => put(imageOf('a'), [v1]),
          () => ports.metadata.deleteTag(repository, v1, ''),
          () => ports.metadata.deleteTag(repository, v2, ''),
          () => ports.metadata.deleteManifest(repository, digest, ''),
          () => ports.metadata.unlinkBlob(repository, blobOf('a'), ''),
          () => ports.metadata.deleteRepository(repository, ''),
        ];
        for (const attempt of attempts) {
          const error: unknown = await attempt().then(
            () => undefined,
            (reason: unknown) => reason,
          );
          expect(error).to.be.instanceOf(NotPrimary);
        }
        expect(await head()).to.equal(2);
        expect(await ports.metadata.findTag(repository, v1)).to.equal(digest);
        expect(await ports.metadata.findBlob(repository, blobOf('b'))).to.equal(undefined);
      });
    });
  });
}
