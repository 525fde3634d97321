/** What every maker of the bin promises. */
import { expect } from 'chai';
import type { GarbageRun } from '../../../../src/storage/garbage-bin.ts';
import { blobOf, imageOf, repositoryNamed } from '../../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../../support/facts.ts';

const app = repositoryNamed('acme/app');
const tool = repositoryNamed('acme/tool');
const NOW = new Date('2030-01-01T00:00:00.000Z');

export function describeGarbageBinContract(name: string, open: OpenFacts): void {
  describe(`GarbageBin: ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
      for (const repository of [app, tool]) {
        for (const word of ['a', 'b']) {
          const blob = { repository, digest: blobOf(word), sizeBytes: 7, actor: '' };
          await ports.metadata.linkBlob(blob);
        }
      }
      const put = { repository: app, manifest: imageOf('a'), tags: [], mayOverwrite: true };
      await ports.metadata.recordManifest({ ...put, actor: '' });
      const manifests = { kind: 'manifest', digests: [imageOf('a').digest] } as const;
      const links = { kind: 'link', digests: [blobOf('a'), blobOf('b')] } as const;
      const common = { verdict: 'collect', at: NOW } as const;
      const { garbageReviews } = ports;
      await garbageReviews.sift({ ...common, ...manifests, repository: app, run: 'r1' });
      await garbageReviews.sift({ ...common, ...links, repository: app, run: 'r2' });
      await garbageReviews.sift({ ...common, ...links, repository: tool, run: 'r2' });
    });
    afterEach(() => ports.close());

    const digests = ['a', 'b'].map(blobOf).sort();

    it('holds what was collected, by pages, whole', async () => {
      const { garbageBin } = ports;
      const links = await garbageBin.list('link', { limit: 3 });
      const [first] = digests;
      expect(links[0]).to.deep.equal({
        kind: 'link',
        repository: app,
        digest: first,
        sizeBytes: 7,
      });
      expect(links.map(({ digest }) => digest)).to.deep.equal([...digests, first]);
      const rest = await garbageBin.list('link', { limit: 3, after: links[2]! });
      expect(rest.map(({ digest }) => digest)).to.deep.equal([digests[1]]);
      const [manifest] = await garbageBin.list('manifest', { limit: 3 });
      expect(manifest).to.deep.equal({
        kind: 'manifest',
        repository: app,
        digest: imageOf('a').digest,
        mediaType: imageOf('a').mediaType,
        content: imageOf('a').content,
      });
      expect(await garbageBin.count()).to.equal(5);
    });

    it('is read by run and by repository, and one by one', async () => {
      const { garbageBin } = ports;
      const ofTool = await garbageBin.list('link', { repository: tool, limit: 9 });
      expect(ofTool.map(({ repository }) => repository)).to.deep.equal([tool, tool]);
      expect(await garbageBin.list('link', { run: 'r1', limit: 9 })).to.deep.equal([]);
      expect(await garbageBin.list('manifest', { run: 'r1', limit: 9 })).to.have.lengthOf(1);
      const key = { repository: tool, digest: blobOf('a') };
      expect(await garbageBin.find('link', key)).to.deep.include(key);
      await garbageBin.remove({ ...key, kind: 'link' });
      await garbageBin.remove({ ...key, kind: 'link' });
      expect(await garbageBin.find('link', key)).to.equal(undefined);
      expect(await garbageBin.count()).to.equal(4);
    });

    it('is emptied of what is old', async () => {
      const { garbageBin } = ports;
      expect(await garbageBin.deleteBefore(NOW)).to.equal(0);
      expect(await garbageBin.deleteBefore(new Date(NOW.getTime() + 1))).to.equal(5);
      expect(await garbageBin.count()).to.equal(0);
    });

    it('knows what the last run did', async () => {
      const { garbageBin } = ports;
      expect(await garbageBin.findLastRun()).to.equal(undefined);
      const counts = { manifests: 1, links: 2, blobs: 3, freedBytes: 4, living: 5, doubts: [] };
      const states = { startedAt: NOW.toISOString(), isDryRun: false, isWhole: true };
      const runAt = (id: string, seconds: number): GarbageRun => {
        const endedAt = new Date(NOW.getTime() + seconds * 1000).toISOString();
        return { id, endedAt, ...states, ...counts };
      };
      await garbageBin.recordRun(runAt('one', 1));
      await garbageBin.recordRun(runAt('two', 2));
      expect(await garbageBin.findLastRun()).to.deep.equal(runAt('two', 2));
    });
  });
}
