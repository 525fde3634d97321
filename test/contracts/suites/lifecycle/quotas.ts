/** What every maker of `Metadata` and `Policies` keeps of quotas. */
import { expect } from 'chai';
import { ChangeRefused } from '../../../../src/storage/failure.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../../support/facts.ts';
import { quota, treePath } from '../../../support/lifecycle/policies.ts';

export function describeQuotaContract(name: string, open: OpenFacts): void {
  describe(`Quotas in ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const link = (repository: string, word: string, sizeBytes = 100) =>
      ports.metadata.linkBlob({
        repository: repositoryNamed(repository),
        digest: blobOf(word),
        sizeBytes,
        actor: 'amy',
      });
    const usage = (path: string) => ports.policies.findUsage(treePath(path));

    it('count a blob once in their tree, and what lies outside of it not at all', async () => {
      await link('acme/web/api', 'a');
      await ports.policies.record(quota('acme', 1000));
      await ports.policies.record(quota('acme/web', 1000));
      expect(await usage('acme')).to.equal(100);
      await link('acme/web/ui', 'a');
      await link('acme/app', 'a');
      await link('acme/app', 'b');
      await link('acme-two/app', 'c');
      await link('acme', 'd');
      expect(await usage('acme')).to.equal(300);
      expect(await usage('acme/web')).to.equal(100);
      expect(await usage('other')).to.equal(undefined);
    });

    it('count manifests where they are, and let go of what goes', async () => {
      await ports.policies.record(quota('acme', 10_000));
      await ports.policies.record(quota('', 10_000));
      const manifest = imageOf('a');
      const put = { manifest, tags: [tagNamed('v1')], mayOverwrite: true, actor: 'amy' };
      for (const repository of ['acme/one', 'acme/two'].map(repositoryNamed)) {
        await link(repository, 'a');
        await ports.metadata.recordManifest({ ...put, repository });
        await ports.metadata.recordManifest({ ...put, repository });
      }
      const both = 100 + 2 * manifest.content.length;
      expect(await usage('acme')).to.equal(both);
      expect(await usage('')).to.equal(both);
      await ports.metadata.deleteManifest(repositoryNamed('acme/one'), manifest.digest, 'amy');
      await ports.metadata.unlinkBlob(repositoryNamed('acme/one'), blobOf('a'), 'amy');
      expect(await usage('acme')).to.equal(100 + manifest.content.length);
      await ports.metadata.deleteRepository(repositoryNamed('acme/two'), 'amy');
      expect(await usage('acme')).to.equal(0);
      expect(await usage('')).to.equal(0);
    });

    it('refuse what would go beyond them, and say how much there is', async () => {
      await ports.policies.record(quota('acme', 250));
      await link('acme/app', 'a');
      await link('acme/app', 'b');
      expect(await refusal(link('acme/web', 'c', 51))).to.equal(
        'the quota of acme is 250 bytes, of which 200 are used, and 51 more are wanted',
      );
      expect(await refusal(link('acme/web', 'a'))).to.equal('');
      expect(await refusal(link('acme/web', 'd', 50))).to.equal('');
      expect(await usage('acme')).to.equal(250);
      const manifest = imageOf('a');
      const put = { repository: repositoryNamed('acme/app'), manifest, tags: [], actor: 'amy' };
      const pushed = ports.metadata.recordManifest({ ...put, mayOverwrite: true });
      expect(await refusal(pushed)).to.contain('more are wanted');
      expect(await ports.metadata.findManifest(put.repository, manifest.digest)).to.equal(
        undefined,
      );
    });

    it('take nothing away where they are lowered, and let nothing more in', async () => {
      await link('acme/app', 'a');
      await ports.policies.record(quota('acme', 50));
      expect(await ports.metadata.findBlob(repositoryNamed('acme/app'), blobOf('a'))).to.deep.equal(
        {
          sizeBytes: 100,
        },
      );
      expect(await refusal(link('acme/app', 'a'))).to.equal('');
      expect(await refusal(link('acme/web', 'a'))).to.equal('');
      expect(await refusal(link('acme/app', 'b', 1))).to.contain('more are wanted');
      await ports.policies.delete(quota('acme', 50));
      expect(await refusal(link('acme/app', 'b', 1))).to.equal('');
    });

    it('hold against links at once, in several repositories (A15)', async () => {
      await ports.policies.record(quota('acme', 1000));
      await ports.policies.record(quota('acme/r0', 1000));
      const words = Array.from({ length: 16 }, (_, nth) => nth);
      const refusals = await Promise.all(
        words.map((nth) => refusal(link(`acme/r${nth % 7}`, `race-${nth % 10}`, 190))),
      );
      expect(await usage('acme')).to.equal(5 * 190);
      expect(refusals.filter((text) => text !== '')).to.have.length.above(0);
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
