import { expect } from 'chai';
import { takeSnapshot } from '../../replication/snapshot.ts';
import { createLog } from '../../src/log.ts';
import type { PrimarySite } from '../../src/storage/geo/primary-site.ts';
import type { SnapshotPart } from '../../src/storage/geo/snapshot.ts';
import { failing } from '../faults/failing-port.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../support/content.ts';
import { openMemoryPorts, openPostgresPorts, type TestPorts } from '../support/ports.ts';

const app = repositoryNamed('acme/app');
const broken = new Error('the line broke');

/** The primary as far as a snapshot needs it. */
function openPrimarySite({ changeLog, snapshot }: TestPorts): Pick<PrimarySite, 'readSnapshot'> {
  return {
    readSnapshot: async ({ part, after }) => {
      const position = await changeLog.head();
      return { position, epoch: 1, ...(await snapshot.read(part as SnapshotPart, after)) };
    },
  };
}

for (const [where, openPorts] of [
  ['memory', openMemoryPorts],
  ['PostgreSQL', openPostgresPorts],
] as const) {
  describe(`a snapshot that is taken over, in ${where}`, function () {
    this.timeout(60_000);
    let primary: TestPorts;
    let secondary: TestPorts;

    beforeEach(async () => {
      [primary, secondary] = await Promise.all([openPorts(), openPorts()]);
      await secondary.sites.recordRole('secondary', 1);
      const publicKey = { x: 'x' };
      await primary.sites.recordSite({ name: 'tokyo', url: 'http://tokyo.test', publicKey });
      const [config, actor] = [{ repository: app, sizeBytes: 5 }, ''];
      await primary.metadata.linkBlob({ ...config, digest: blobOf('one'), actor });
      const put = { repository: app, manifest: imageOf('one'), mayOverwrite: true, actor };
      await primary.metadata.recordManifest({ ...put, tags: [tagNamed('v1')] });
    });
    afterEach(() => Promise.all([primary.close(), secondary.close()]));

    const prepare = () => {
      const line = failing(openPrimarySite(primary));
      const options = { ...secondary, primarySite: line.port, log: createLog('silent') };
      let snapshots = 0;
      const onSnapshot = () => void (snapshots += 1);
      const signal = new AbortController().signal;
      const take = () => takeSnapshot({ ...options, onSnapshot }, signal);
      return { take, line, count: () => snapshots };
    };
    const expectAll = async () => {
      expect(await secondary.changeLog.head()).to.equal(await primary.changeLog.head());
      expect(await secondary.sites.listSites()).to.deep.equal(await primary.sites.listSites());
      const digest = await secondary.metadata.findTag(app, tagNamed('v1'));
      expect(digest).to.equal(imageOf('one').digest);
    };

    it('is taken again where a page fails, and moves the position when all is here', async () => {
      const { take, line, count } = prepare();
      const pull = { repository: app, reference: tagNamed('v1'), at: new Date(0) };
      await secondary.imagePulls.record([pull]);
      await secondary.imagePulls.recordTold([pull]);
      for (let call = 1; ; call++) {
        line.arm(call, broken);
        const failure = await take().catch((error: unknown) => error);
        if (failure === undefined) {
          expect(call, 'pages').to.be.above(7);
          break;
        }
        expect(failure).to.equal(broken);
        expect(await secondary.changeLog.head()).to.equal(0);
        expect(count()).to.equal(0);
      }
      expect(count()).to.equal(1);
      await expectAll();
      expect(await secondary.imagePulls.listUntold(9)).to.deep.equal([pull]);
    });

    it('goes on answering what it had while a later one is broken off', async () => {
      const { take, line } = prepare();
      await take();
      await primary.metadata.deleteTag(app, tagNamed('v1'), '');
      const head = await secondary.changeLog.head();
      line.arm(3, broken);
      expect(await take().catch((error: unknown) => error)).to.equal(broken);
      expect(await secondary.metadata.findTag(app, tagNamed('v1'))).to.not.equal(undefined);
      expect(await secondary.changeLog.head()).to.equal(head);
      line.disarm();
      await take();
      expect(await secondary.metadata.findTag(app, tagNamed('v1'))).to.equal(undefined);
      expect(await secondary.changeLog.head()).to.equal(await primary.changeLog.head());
    });
  });
}
