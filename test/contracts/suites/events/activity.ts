/** What every maker of `ActivityFeed` keeps. */
import { expect } from 'chai';
import type {
  Activity,
  ActivityKey,
  ActivityPage,
} from '../../../../src/storage/events/activity.ts';
import { blobOf, imageOf, patternOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';

const ALL = { visible: [patternOf('**')], limit: 100 };

const MS = 1;

export function describeActivityContract(name: string, open: OpenPorts): void {
  describe(`ActivityFeed in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const push = async (text: string, tags: readonly string[], actor = 'ann') => {
      const repository = repositoryNamed(text);
      const manifest = imageOf(text);
      const link = { repository, digest: blobOf(text), sizeBytes: 1, actor };
      await ports.metadata.linkBlob(link);
      const named = tags.map(tagNamed);
      await ports.metadata.recordManifest({
        repository,
        manifest,
        tags: named,
        mayOverwrite: true,
        actor,
      });
      return manifest;
    };
    const list = async (page: Partial<ActivityPage> = {}) =>
      (await ports.activityFeed.list({ ...ALL, ...page })).items;
    const namesOf = async (page: Partial<ActivityPage> = {}) =>
      (await list(page)).map(({ repository }) => repository);
    const readAll = async (page: Partial<ActivityPage>) => {
      const items: Activity[] = [];
      for (let after: ActivityKey | undefined; ; ) {
        const slice = await ports.activityFeed.list({ ...ALL, ...page, ...(after && { after }) });
        items.push(...slice.items);
        if (!slice.next) return items;
        after = slice.next;
      }
    };

    it('tells who pushed and deleted what, the newest first', async () => {
      const before = Date.now();
      const { digest, mediaType } = await push('acme/web/ui', ['v1', 'v2']);
      const repository = repositoryNamed('acme/web/ui');
      await ports.metadata.deleteTag(repository, tagNamed('v2'), 'bob');
      await ports.metadata.deleteManifest(repository, digest, 'cid');
      await ports.metadata.deleteRepository(repository, 'dan');
      const items = await list();
      const when = items.map(({ at, id }) => ({ at, id }));
      const gone = { action: 'delete', repository };
      expect(items).to.deep.equal([
        { ...when[0], ...gone, tags: [], actor: 'dan' },
        { ...when[1], ...gone, tags: [], digest, actor: 'cid' },
        { ...when[2], ...gone, tags: ['v2'], actor: 'bob' },
        {
          ...when[3],
          action: 'push',
          repository,
          tags: ['v1', 'v2'],
          digest,
          mediaType,
          actor: 'ann',
        },
      ]);
      for (const { at } of items) expect(at.getTime()).to.be.within(before - MS, Date.now() + MS);
      const changes = await ports.changeLog.list({ after: 0, limit: 10 });
      const told = changes.filter(({ fact }) => fact.kind !== 'blob-linked');
      const ids = told.map(({ position }) => 2 * position);
      expect(items.map(({ id }) => id)).to.deep.equal(ids.toReversed());
    });

    it('tells nothing of what changed nothing', async () => {
      await push('acme/app', ['v1']);
      await push('acme/app', ['v1']);
      expect(await list()).to.have.lengthOf(1);
    });

    it('tells of a group, of a project and of an image', async () => {
      for (const text of ['acme', 'acme/web', 'acme/web/ui', 'acme/web-b/x', 'acme-x/web']) {
        await push(text, ['v1']);
      }
      expect(await namesOf({ path: 'acme' })).to.deep.equal([
        'acme/web-b/x',
        'acme/web/ui',
        'acme/web',
        'acme',
      ]);
      expect(await namesOf({ path: 'acme/web' })).to.deep.equal(['acme/web/ui', 'acme/web']);
      expect(await namesOf({ path: 'acme/web/ui' })).to.deep.equal(['acme/web/ui']);
      expect(await namesOf({ path: 'acme/we' })).to.deep.equal([]);
    });

    it('tells of nothing that the caller does not see', async () => {
      for (const text of ['acme/app', 'beta/app', 'beta/lib', 'team/x/app']) await push(text, []);
      const visible = ['acme/app', 'team/*/app'].map(patternOf);
      expect(await namesOf({ visible })).to.deep.equal(['team/x/app', 'acme/app']);
      expect(await namesOf({ visible, path: 'beta' })).to.deep.equal([]);
      expect(await namesOf({ visible: [] })).to.deep.equal([]);
    });

    it('filters by action, by actor and by time', async () => {
      await push('acme/app', ['v1'], 'ann');
      await push('acme/lib', ['v1'], '');
      const repository = repositoryNamed('acme/app');
      await ports.metadata.deleteTag(repository, tagNamed('v1'), 'bob');
      expect(await namesOf({ action: 'push' })).to.deep.equal(['acme/lib', 'acme/app']);
      expect(await namesOf({ action: 'delete' })).to.deep.equal(['acme/app']);
      expect(await namesOf({ actor: '' })).to.deep.equal(['acme/lib']);
      expect(await namesOf({ actor: 'bob' })).to.deep.equal(['acme/app']);
      const [newest] = await list();
      const behind = new Date(newest!.at.getTime() + MS);
      expect(await list({ since: behind })).to.deep.equal([]);
      expect(await list({ since: newest!.at })).to.deep.include(newest);
      expect(await list({ until: newest!.at })).to.not.deep.include(newest);
      expect(await list({ until: behind })).to.have.lengthOf(3);
    });

    it('gives each entry once, whatever the page', async () => {
      for (let nth = 0; nth < 7; nth += 1) await push(`acme/app${nth % 2}/x${nth}`, ['v1']);
      const all = await list();
      expect(await readAll({ limit: 2 })).to.deep.equal(all);
      const some = all.filter(({ repository }) => repository.startsWith('acme/app1'));
      expect(await readAll({ limit: 1, path: 'acme/app1' })).to.deep.equal(some);
      const until = new Date(Date.now() + 1000);
      expect(await readAll({ limit: 3, until })).to.deep.equal(all);
    });

    it('tells a move once, of both names', async () => {
      await push('acme/app', ['v1', 'v2']);
      await push('acme/app', []);
      const [from, to] = [repositoryNamed('acme/app'), repositoryNamed('beta/lib')];
      const move = { from, to, isAlone: true, actor: 'bob', mayMove: () => true };
      const before = await list();
      expect(await ports.treeChanges.move(move)).to.include({ kind: 'moved' });
      const [second, first, ...rest] = await list();
      const { at, id } = first!;
      const common = { action: 'move', at, tags: [], actor: 'bob' } as const;
      expect(first).to.deep.equal({ ...common, id, repository: from, movedTo: to });
      expect(second).to.deep.equal({ ...common, id: id + 1, repository: to, movedFrom: from });
      expect(rest).to.deep.equal(before);
      expect(await readAll({ limit: 1 })).to.deep.equal([second, first, ...rest]);
      expect(await list({ path: 'beta' })).to.deep.equal([second]);
    });

    it('is the same at a site that follows, and outlives the log', async () => {
      const secondary = await open();
      try {
        await push('acme/app', ['v1']);
        await push('acme/lib', ['v1']);
        await secondary.sites.recordRole('secondary', 1);
        const changes = await ports.changeLog.list({ after: 0, limit: 100, withContent: true });
        await secondary.changeLog.apply(changes);
        const here = await list();
        expect((await secondary.activityFeed.list(ALL)).items).to.deep.equal(here);
        await ports.changeLog.trim(100);
        expect(await list()).to.deep.equal(here);
      } finally {
        await secondary.close();
      }
    });

    it('forgets what is older', async () => {
      await push('acme/app', ['v1']);
      const [entry] = await list();
      expect(await ports.activityFeed.deleteBefore(entry!.at)).to.equal(0);
      const behind = new Date(entry!.at.getTime() + MS);
      expect(await ports.activityFeed.deleteBefore(behind)).to.equal(1);
      expect(await list()).to.deep.equal([]);
    });
  });
}
