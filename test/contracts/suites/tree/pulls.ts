/** What every maker of `ImagePulls` keeps. */
import { expect } from 'chai';
import { sumUp } from '../../../../src/storage/tree/pulls.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';

const repository = repositoryNamed('acme/app');
const tag = tagNamed('v1');
const { digest } = imageOf('a');
const at = new Date('2026-11-21T12:00:00.000Z');
const later = new Date(at.getTime() + 1000);
const keys = (['', digest, tag] as const).map((reference) => ({ repository, reference }));

export function describePullsContract(name: string, open: OpenPorts): void {
  describe(`ImagePulls in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const find = async () => {
      const found = await ports.imagePulls.find(keys);
      return new Map(found.map(({ reference, at: time }) => [reference, time]));
    };

    it('knows when a repository, a digest and a tag were pulled last', async () => {
      const { imagePulls } = ports;
      await imagePulls.record(sumUp([{ repository, digest, tag, at }]));
      await imagePulls.record(sumUp([{ repository, digest, at: later }]));
      await imagePulls.record(sumUp([{ repository, digest, tag, at }]));
      const known = new Map<string, Date>([
        ['', later],
        [digest, later],
        [tag, at],
      ]);
      expect(await find()).to.deep.equal(known);
      const other = { repository: repositoryNamed('acme/lib'), reference: tag };
      expect(await imagePulls.find([other])).to.deep.equal([]);
    });

    it('says what is still to be told, and again what was pulled meanwhile', async () => {
      const { imagePulls } = ports;
      await imagePulls.record(sumUp([{ repository, digest, tag, at }]));
      const untold = await imagePulls.listUntold(10);
      expect(untold).to.deep.equal(sumUp([{ repository, digest, tag, at }]).toSorted(byReference));
      expect(await imagePulls.listUntold(1)).to.deep.equal(untold.slice(0, 1));
      await imagePulls.record([{ repository, reference: tag, at: later }]);
      await imagePulls.recordTold(untold);
      const again = { repository, reference: tag, at: later };
      expect(await imagePulls.listUntold(10)).to.deep.equal([again]);
      await imagePulls.recordTold([again]);
      expect(await imagePulls.listUntold(10)).to.deep.equal([]);
    });

    it('says all once more after it forgot what was told', async () => {
      const { imagePulls } = ports;
      const pulls = sumUp([{ repository, digest, tag, at }]);
      await imagePulls.record(pulls);
      await imagePulls.recordTold(pulls);
      await imagePulls.forgetTold();
      expect(await imagePulls.listUntold(10)).to.have.deep.members(pulls);
    });

    it('forgets those of what is gone', async () => {
      const { imagePulls, metadata } = ports;
      await metadata.linkBlob({ repository, digest: blobOf('a'), sizeBytes: 1, actor: '' });
      const put = { repository, manifest: imageOf('a'), mayOverwrite: true, actor: '' };
      await metadata.recordManifest({ ...put, tags: [tag] });
      await imagePulls.record(sumUp([{ repository, digest, tag, at }]));
      expect(await imagePulls.deleteGone(10)).to.equal(0);
      await metadata.deleteTag(repository, tag, '');
      expect(await imagePulls.deleteGone(10)).to.equal(1);
      expect([...(await find()).keys()]).to.have.members(['', digest]);
      await metadata.deleteRepository(repository, '');
      expect(await imagePulls.deleteGone(10)).to.equal(2);
      expect(await find()).to.deep.equal(new Map());
    });
  });
}

function byReference(one: { reference: string }, other: { reference: string }): number {
  return one.reference < other.reference ? -1 : 1;
}
