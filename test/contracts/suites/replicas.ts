/** What every maker of `Replicas` keeps. */
import { expect } from 'chai';
import { blobOf, repositoryNamed } from '../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../support/facts.ts';

const at = new Date('2026-01-02T03:04:05.678Z');
const repository = repositoryNamed('acme/app');

const linkOf = (word: string, into = repository) => ({
  repository: into,
  digest: blobOf(word),
  sizeBytes: 5,
  actor: '',
});

export function describeReplicasContract(name: string, open: OpenFacts): void {
  describe(`Replicas in ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    /** Links blobs as a secondary learns of them. */
    const learn = async (...links: ReturnType<typeof linkOf>[]) => {
      await ports.become('secondary');
      const head = await ports.changeLog.head();
      await ports.changeLog.apply(
        links.map((link, index) => ({
          position: head + index + 1,
          epoch: 1,
          at,
          fact: { kind: 'blob-linked', ...link },
        })),
      );
    };
    const listWanted = async () => {
      const wanted = await ports.replicas.listWanted({ limit: 100 });
      return wanted.map(({ digest }) => digest);
    };

    it('takes a blob that the primary links for verified', async () => {
      await ports.metadata.linkBlob(linkOf('a'));
      expect(await ports.replicas.findVerified(blobOf('a'))).to.be.instanceOf(Date);
      expect(await listWanted()).to.deep.equal([]);
    });

    it('wants a blob that a secondary learns of, under its first repository', async () => {
      await learn(linkOf('a', repositoryNamed('z')), linkOf('a'));
      expect(await ports.replicas.findVerified(blobOf('a'))).to.equal(undefined);
      const [wanted, ...others] = await ports.replicas.listWanted({ limit: 9 });
      expect(wanted).to.include({ digest: blobOf('a'), sizeBytes: 5, repository });
      expect(wanted!.since.getTime()).to.be.closeTo(Date.now(), 10_000);
      expect(others).to.deep.equal([]);
    });

    it('wants it no more when it is verified, and again when it is lost', async () => {
      await learn(linkOf('a'));
      await ports.replicas.recordVerified(blobOf('a'), at);
      await ports.replicas.recordVerified(blobOf('a'), at);
      expect(await ports.replicas.findVerified(blobOf('a'))).to.deep.equal(at);
      expect(await listWanted()).to.deep.equal([]);
      await ports.replicas.recordLost(blobOf('a'));
      await ports.replicas.recordLost(blobOf('a'));
      expect(await ports.replicas.findVerified(blobOf('a'))).to.equal(undefined);
      expect(await listWanted()).to.deep.equal([blobOf('a')]);
    });

    it('remembers a blob that was verified before a fact named it', async () => {
      await ports.replicas.recordVerified(blobOf('a'), at);
      await learn(linkOf('a'));
      expect(await listWanted()).to.deep.equal([]);
      await ports.replicas.recordLost(blobOf('a'));
      const [wanted] = await ports.replicas.listWanted({ limit: 1 });
      expect(wanted).to.include({ sizeBytes: 5 });
    });

    it('does not want what nobody links any more', async () => {
      await ports.metadata.linkBlob(linkOf('a'));
      await ports.metadata.unlinkBlob(repository, blobOf('a'), '');
      await ports.replicas.recordLost(blobOf('a'));
      expect(await listWanted()).to.deep.equal([]);
    });

    it('takes a lost blob for verified when the primary links it anew', async () => {
      await ports.metadata.linkBlob(linkOf('a'));
      await ports.replicas.recordLost(blobOf('a'));
      await ports.metadata.linkBlob(linkOf('a'));
      expect(await ports.replicas.findVerified(blobOf('a'))).to.be.instanceOf(Date);
    });

    it('knows nothing of a blob that it never heard of', async () => {
      await ports.replicas.recordLost(blobOf('a'));
      expect(await ports.replicas.findVerified(blobOf('a'))).to.equal(undefined);
    });

    it('lists by digest, page by page', async () => {
      const words = ['a', 'b', 'c', 'd', 'e'];
      await learn(...words.map((word) => linkOf(word)));
      const expected = words.map(blobOf).sort();
      const first = await ports.replicas.listWanted({ limit: 2 });
      const rest = await ports.replicas.listWanted({ after: first[1]!.digest, limit: 9 });
      expect([...first, ...rest].map(({ digest }) => digest)).to.deep.equal(expected);
    });
  });
}
