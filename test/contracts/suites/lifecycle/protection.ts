/** What every maker of `Metadata` refuses where a tag is protected. */
import { expect } from 'chai';
import type { Tag } from '../../../../src/oci/reference.ts';
import { ChangeRefused } from '../../../../src/storage/failure.ts';
import type { ManifestRecord } from '../../../../src/storage/metadata.ts';
import { blobOf, imageOf, indexOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../../support/facts.ts';
import { immutable, protectedFor } from '../../../support/lifecycle/policies.ts';

const repository = repositoryNamed('acme/app');
const [v1, v2, latest] = [tagNamed('v1'), tagNamed('v2'), tagNamed('latest')];

export function describeProtectionContract(name: string, open: OpenFacts): void {
  describe(`Protected tags in ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const push = async (manifest: ManifestRecord, tags: readonly Tag[], actor = 'amy') => {
      for (const digest of manifest.blobs) {
        await ports.metadata.linkBlob({ repository, digest, sizeBytes: 7, actor });
      }
      const put = { repository, manifest, tags, mayOverwrite: true, actor };
      return ports.metadata.recordManifest(put);
    };
    const recorded = { kind: 'recorded' };

    describe('that are immutable', () => {
      beforeEach(() => ports.policies.record(immutable({ tags: ['v*', 'latest'] })));

      it('are created once, and pushed again where nothing changes', async () => {
        expect(await push(imageOf('a'), [v1])).to.deep.equal(recorded);
        expect(await push(imageOf('a'), [v1])).to.deep.equal(recorded);
        expect(await push(imageOf('a'), [v1, v2])).to.deep.equal(recorded);
      });

      it('are moved by nobody, also among tags that may be', async () => {
        await push(imageOf('a'), [v1, latest]);
        const head = await ports.changeLog.head();
        expect(await refusal(push(imageOf('a2'), [tagNamed('edge'), v1]))).to.equal(
          'the tag acme/app:v1 is immutable by the protection "releases" of acme',
        );
        expect(await refusal(push(imageOf('a2'), [latest]))).to.contain('immutable');
        expect(await ports.metadata.findTag(repository, v1)).to.equal(imageOf('a').digest);
        expect(await ports.metadata.findTag(repository, tagNamed('edge'))).to.equal(undefined);
        // The blob of the other image alone.
        expect(await ports.changeLog.head()).to.equal(head + 1);
      });

      it('are not served under another type', async () => {
        const bare = { ...imageOf('a'), blobs: [] };
        await push(bare, [v1]);
        const other = { ...bare, mediaType: 'application/vnd.example.other+json' };
        expect(await refusal(push(other, []))).to.contain('acme/app:v1 is immutable');
        const found = await ports.metadata.findManifest(repository, bare.digest);
        expect(found?.mediaType).to.equal(bare.mediaType);
      });

      it('stay when their tag, digest, child, blob or repository is to go (A26)', async () => {
        const { metadata } = ports;
        await push(imageOf('a'), [v1]);
        await push(imageOf('b'), [tagNamed('edge')]);
        const index = indexOf([imageOf('b').digest]);
        await push(index, [v2]);
        const outer = indexOf([index.digest]);
        await push(outer, [latest]);
        await metadata.deleteTag(repository, tagNamed('edge'), 'amy');
        const head = await ports.changeLog.head();
        for (const change of [
          () => metadata.deleteTag(repository, v1, 'amy'),
          () => metadata.deleteManifest(repository, imageOf('a').digest, 'amy'),
          () => metadata.deleteManifest(repository, imageOf('b').digest, 'amy'),
          () => metadata.deleteManifest(repository, index.digest, 'amy'),
          () => metadata.unlinkBlob(repository, blobOf('a'), 'amy'),
          () => metadata.unlinkBlob(repository, blobOf('b'), 'amy'),
          () => metadata.deleteRepository(repository, 'amy'),
        ]) {
          expect(await refusal(change())).to.contain('is immutable');
        }
        expect(await ports.changeLog.head()).to.equal(head);
        expect(await metadata.findTag(repository, v1)).to.equal(imageOf('a').digest);
      });

      it('hold nothing that they do not name, and nothing elsewhere', async () => {
        const { metadata } = ports;
        await push(imageOf('a'), [v1]);
        await push(imageOf('b'), [tagNamed('edge')]);
        expect(await metadata.deleteManifest(repository, imageOf('b').digest, 'amy')).to.equal(
          true,
        );
        expect(await metadata.unlinkBlob(repository, blobOf('b'), 'amy')).to.equal(true);
        const elsewhere = repositoryNamed('other/app');
        const link = { digest: blobOf('a'), sizeBytes: 7, actor: 'amy' };
        await metadata.linkBlob({ ...link, repository: elsewhere });
        expect(await metadata.unlinkBlob(elsewhere, blobOf('a'), 'amy')).to.equal(true);
      });

      it('move again when the protection is gone', async () => {
        await push(imageOf('a'), [v1]);
        await ports.policies.delete(immutable());
        expect(await push(imageOf('a2'), [v1])).to.deep.equal(recorded);
      });

      it('are created by one of many pushes at once', async () => {
        const words = Array.from({ length: 4 }, (_, nth) => `race-${nth}`);
        const refusals = await Promise.all(
          words.map((word) => refusal(push(imageOf(word), [v1], word))),
        );
        expect(refusals.filter((text) => text === '')).to.have.length(1);
      });
    });

    describe('that are protected', () => {
      beforeEach(() => ports.policies.record(protectedFor(['ci'])));

      it('are created, moved and deleted by who is named, and by nobody else', async () => {
        const other = 'the tag acme/app:latest is protected by the protection "main" of acme';
        expect(await refusal(push(imageOf('a'), [latest]))).to.equal(
          `${other}, and you may not create it`,
        );
        expect(await push(imageOf('a'), [latest], 'ci')).to.deep.equal(recorded);
        expect(await refusal(push(imageOf('b'), [latest]))).to.equal(
          `${other}, and you may not move it`,
        );
        expect(await refusal(push(imageOf('b'), [latest], ''))).to.contain('may not move');
        expect(await push(imageOf('b'), [latest], 'ci')).to.deep.equal(recorded);
        const { digest } = imageOf('b');
        expect(await refusal(ports.metadata.deleteManifest(repository, digest, 'amy'))).to.contain(
          'may not delete',
        );
        expect(await ports.metadata.deleteTag(repository, latest, 'ci')).to.equal(true);
      });

      it('are others where upper and lower case differ', async () => {
        await push(imageOf('a'), [latest], 'ci');
        expect(await push(imageOf('b'), [tagNamed('Latest')])).to.deep.equal(recorded);
        expect(await ports.metadata.findTag(repository, latest)).to.equal(imageOf('a').digest);
      });

      it('have to be allowed by every protection that covers them', async () => {
        await ports.policies.record(protectedFor(['amy'], { path: 'acme/app', name: 'app' }));
        for (const actor of ['ci', 'amy']) {
          expect(await refusal(push(imageOf('a'), [latest], actor))).to.contain('protected');
        }
      });
    });
  });
}

/** The sentence of the refusal; '' where there was none. */
function refusal(change: Promise<unknown>): Promise<string> {
  return change.then(
    () => '',
    (error: unknown) => {
      expect(error).to.be.instanceOf(ChangeRefused);
      return (error as ChangeRefused).message;
    },
  );
}
