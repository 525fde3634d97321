/** What every maker of `Snapshot` keeps where a site takes over all facts by pages. */
import { expect } from 'chai';
import {
  SNAPSHOT_PARTS,
  type SnapshotKey,
  type SnapshotPage,
  type SnapshotPart,
} from '../../../../src/storage/geo/snapshot.ts';
import { blobOf, imageOf, patternOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import { immutable } from '../../../support/lifecycle/policies.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { registryNamed, upstreamNamed } from '../../../support/virtual/cached.ts';

const app = repositoryNamed('acme/app');
const web = repositoryNamed('acme/web');
const actor = '';

/** More than a page of any maker. */
const MANY = 600;

export function describeSnapshotPagesContract(name: string, open: OpenPorts): void {
  describe(`pages of Snapshot in ${name}`, function () {
    this.timeout(60_000);
    let primary: TestPorts;
    let secondary: TestPorts;

    beforeEach(async () => {
      [primary, secondary] = [await open(), await open()];
      await secondary.sites.recordRole('secondary', 1);
    });
    afterEach(() => Promise.all([primary.close(), secondary.close()]));

    const push = async (repository: typeof app, word: string, tag: string) => {
      await primary.metadata.linkBlob({ repository, digest: blobOf(word), sizeBytes: 5, actor });
      const tags = [tagNamed(tag)];
      const put = { repository, manifest: imageOf(word), tags, mayOverwrite: true, actor };
      await primary.metadata.recordManifest(put);
    };
    const readAll = async (part: SnapshotPart, ports = primary) => {
      const pages: SnapshotPage[] = [];
      for (let after: SnapshotKey | undefined; ; ) {
        const page = await ports.snapshot.read(part, after);
        pages.push(page);
        if (!page.through) return pages;
        after = page.through;
      }
    };
    const readRows = async (part: SnapshotPart, ports: TestPorts) =>
      (await readAll(part, ports)).flatMap(({ rows }) => rows);
    const takeAll = async () => {
      for (const part of SNAPSHOT_PARTS) {
        for (const page of await readAll(part)) await secondary.snapshot.replace(page);
      }
    };
    const expectSame = async () => {
      for (const part of SNAPSHOT_PARTS) {
        const [theirs, ours] = [await readRows(part, primary), await readRows(part, secondary)];
        expect(ours, part).to.deep.equal(theirs);
        expect(ours.length, part).to.be.above(0);
      }
    };
    const fill = async () => {
      const place = { latitude: 38.72, longitude: -9.14 };
      const [url, publicKey] = ['http://lisbon.test', { x: 'x' }];
      const lisbon = { name: 'lisbon', url, publicKey, place, isPaused: true };
      await primary.sites.recordSite(lisbon);
      const account = { name: 'ann', kind: 'robot' as const, isDisabled: true, grants: [] };
      const tokensValidAfter = new Date('2026-01-02T03:04:05.678Z');
      await primary.accounts.recordAccount({ ...account, tokensValidAfter }, 'none');
      const token = { id: '6f1c6a34-0d3c-4d0b-8f5e-3b1a1c2d3e4f', account: 'ann', label: 'l' };
      const rights = { actions: ['pull' as const], patterns: [patternOf('**')] };
      await primary.accounts.recordAccessToken({ ...token, ...rights, secretHash: 'ab' });
      const local = { kind: 'local' as const, prefix: app };
      await primary.virtualRegistries.recordUpstream(upstreamNamed('hub', { namespace: 'io' }));
      await primary.virtualRegistries.recordUpstream(upstreamNamed('own', { origin: local }));
      const lists = { upstreams: ['own', 'hub'], hosts: ['b.test', 'a.test'] };
      const all = registryNamed('all', { ...lists, unusedDays: 9, maxBytes: 2 ** 40 });
      await primary.virtualRegistries.recordRegistry(all);
      await primary.policies.record(immutable({ tags: ['release-*'] }));
      await push(app, 'one', 'v1');
      await push(web, 'two', 'v1');
    };

    it('are all that a site has, every part of it, whatever was there before', async () => {
      await fill();
      await takeAll();
      await expectSame();
      expect(await secondary.sites.findSite('lisbon')).to.deep.include({ isPaused: true });
      await takeAll();
      await expectSame();
    });

    it('take away what is no more', async () => {
      await fill();
      await push(app, 'three', 'v3');
      await takeAll();
      await primary.metadata.deleteManifest(app, imageOf('three').digest, actor);
      await primary.metadata.unlinkBlob(app, blobOf('three'), actor);
      await primary.metadata.deleteRepository(web, actor);
      await primary.virtualRegistries.deleteUpstream('own');
      await takeAll();
      await expectSame();
      expect(await secondary.metadata.findTag(app, tagNamed('v3'))).to.equal(undefined);
      expect(await secondary.catalog.findRepository(web)).to.equal(undefined);
    });

    it('follow each other by their keys, and touch nothing beside their range', async () => {
      const rows = Array.from({ length: MANY }, (_, nth) => {
        const digest = blobOf(`${nth}`);
        const fact = { kind: 'blob-linked', repository: app, digest, sizeBytes: 5, actor };
        return { key: [app, digest], fact };
      });
      // In one transaction, where each by itself would take long.
      await secondary.snapshot.replace({ part: 'repositories', rows: [{ key: [app] }] });
      await secondary.snapshot.replace({ part: 'links', rows });
      const pages = await readAll('links', secondary);
      expect(pages.length).to.be.above(2);
      const keys = pages.flatMap((page) => page.rows.map(({ key }) => key.join(' ')));
      expect(keys).to.deep.equal(keys.toSorted());
      expect(new Set(keys).size).to.equal(MANY);
      const [first] = pages as [SnapshotPage];
      await secondary.snapshot.replace({ ...first, rows: [] });
      const left = await readRows('links', secondary);
      expect(left).to.have.lengthOf(MANY - first.rows.length);
    });

    it('undo nothing that another process of the site applied since they were read', async () => {
      await fill();
      const [page] = (await readAll('tags')) as [SnapshotPage];
      await takeAll();
      const { changeLog, snapshot } = secondary;
      const position = (await changeLog.head()) + 5;
      await changeLog.restartAt(position, 1);
      const late = snapshot.replace({ ...page, rows: [], position: position - 1 });
      const reason: unknown = await late.catch((error: unknown) => error);
      expect(reason).to.be.instanceOf(Error);
      expect(await secondary.metadata.findTag(app, tagNamed('v1'))).not.to.equal(undefined);
    });

    it('leave out a tag whose manifest is not there yet', async () => {
      await fill();
      for (const part of ['repositories', 'tags'] as const) {
        for (const page of await readAll(part)) await secondary.snapshot.replace(page);
      }
      expect(await secondary.metadata.findTag(app, tagNamed('v1'))).to.equal(undefined);
      await takeAll();
      await expectSame();
    });
  });
}
