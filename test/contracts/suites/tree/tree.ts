/** What every maker of `NameTree` keeps. */
import { expect } from 'chai';
import type { NamePage, Slice, TagKey, TagPage } from '../../../../src/storage/tree/tree.ts';
import {
  blobOf,
  imageOf,
  indexOf,
  patternOf,
  repositoryNamed,
  tagNamed,
} from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';

const app = repositoryNamed('acme/app');
const all = { visible: [patternOf('**')] };

const NAMES = [
  'acme',
  'acme-x/app',
  'acme/app',
  'acme/app-b/x',
  'acme/app/deep/er',
  'acme/app/x',
  'acme/lib/x',
  'beta/a.b/x',
  'beta/a_b/x',
  'team-1/web/x',
  'team-2/api/x',
  'team-2/web/x',
];

const branchOf = (visible: readonly string[], path?: string) => ({
  visible: visible.map(patternOf),
  ...(path === undefined ? {} : { path }),
});
const withAfter = (after: string | undefined, page: NamePage) =>
  after === undefined ? page : { ...page, after };

/** What all tags come to, as sites compare them. */
const sums = (site: TestPorts) => site.snapshot.sum('tags', [{}]);

/** Every page of a list, one behind the other. */
async function readAll<Item, Key>(
  list: (after?: Key) => Promise<Slice<Item, Key>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = await list(); ; page = await list(page.next)) {
    items.push(...page.items);
    if (page.next === undefined) return items;
  }
}

export function describeTreeContract(name: string, open: OpenPorts): void {
  describe(`NameTree in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const link = (into: string, word = 'a', sizeBytes = 1) =>
      ports.metadata.linkBlob({
        repository: repositoryNamed(into),
        digest: blobOf(word),
        sizeBytes,
        actor: '',
      });
    const record = (manifest: ReturnType<typeof imageOf>, tags: string[] = [], actor = '') =>
      ports.metadata.recordManifest({
        repository: app,
        manifest,
        tags: tags.map(tagNamed),
        mayOverwrite: true,
        actor,
      });
    const put = async (word: string, tags: string[], actor = '') => {
      await link(app, word);
      const manifest = imageOf(word);
      await record(manifest, tags, actor);
      return manifest.digest;
    };
    const groups = (visible: readonly string[], page: NamePage) =>
      readAll((after?: string) =>
        ports.nameTree.listGroups(branchOf(visible), withAfter(after, page)),
      );
    const projects = (visible: readonly string[], path: string, page: NamePage) =>
      readAll((after?: string) =>
        ports.nameTree.listProjects({ ...branchOf(visible), path }, withAfter(after, page)),
      );
    const images = async (visible: readonly string[], path: string | undefined, page: NamePage) => {
      const list = (after?: string) =>
        ports.nameTree.listImages(branchOf(visible, path), withAfter(after, page));
      return (await readAll(list)).map((image) => image.name as string);
    };
    const tags = async (page: Omit<TagPage, 'after'>) => {
      const list = (after?: TagKey) =>
        ports.nameTree.listTags(app, after === undefined ? page : { ...page, after });
      return (await readAll(list)).map((tag) => tag.name as string);
    };

    describe('groups, projects and images', () => {
      beforeEach(async () => {
        for (const one of NAMES.toReversed()) await link(one);
      });

      const cases: readonly [visible: string[], groups: string[], inTeam: string[]][] = [
        [['**'], ['acme', 'acme-x', 'beta', 'team-1', 'team-2'], ['team-2/api', 'team-2/web']],
        [
          ['acme/**', '**'],
          ['acme', 'acme-x', 'beta', 'team-1', 'team-2'],
          ['team-2/api', 'team-2/web'],
        ],
        [['acme'], ['acme'], []],
        [['acme/app'], ['acme'], []],
        [['acme/app/**'], ['acme'], []],
        [['*/web/**'], ['team-1', 'team-2'], ['team-2/web']],
        [['team-*/web/*', 'beta/a.b/x'], ['beta', 'team-1', 'team-2'], ['team-2/web']],
        [['team-2/a*/x', 'team-2/api/x'], ['team-2'], ['team-2/api']],
        [['nothing/**'], [], []],
        [[], [], []],
      ];
      for (const [visible, expected, inTeam] of cases) {
        it(`are what [${visible.join(', ')}] covers, in order, whatever the page`, async () => {
          for (const limit of [1, 2, 100]) {
            expect(await groups(visible, { limit })).to.deep.equal(expected);
            expect(await projects(visible, 'team-2', { limit })).to.deep.equal(inTeam);
            const seen = await images(visible, undefined, { limit });
            const patterns = visible.map(patternOf);
            const listed = await ports.catalog.listRepositories(patterns, { limit: 100 });
            expect(seen).to.deep.equal(listed);
          }
        });
      }

      it('have one project for each first two levels, beside an image of that name', async () => {
        const found = ['acme', 'acme/app', 'acme/app-b', 'acme/lib'];
        expect(await projects(['**'], 'acme', { limit: 1 })).to.deep.equal(found);
        expect(await projects(['acme/app/x'], 'acme', { limit: 9 })).to.deep.equal(['acme/app']);
      });

      it('list what is at or below a path, and not what only begins so', async () => {
        const below = ['acme/app', 'acme/app/deep/er', 'acme/app/x'];
        for (const limit of [1, 2, 9]) {
          expect(await images(['**'], 'acme/app', { limit })).to.deep.equal(below);
        }
        expect(await images(['acme/app/*'], 'acme/app', { limit: 9 })).to.deep.equal([
          'acme/app/x',
        ]);
        expect(await images(['acme/app/x'], 'acme', { limit: 9 })).to.deep.equal(['acme/app/x']);
        expect(await images(['**'], 'acme/ap', { limit: 9 })).to.deep.equal([]);
      });

      it('find by prefix and by any text in them, which is no pattern', async () => {
        expect(await groups(['**'], { limit: 1, prefix: 'team' })).to.deep.equal([
          'team-1',
          'team-2',
        ]);
        expect(await groups(['**'], { limit: 1, search: '-' })).to.deep.equal([
          'acme-x',
          'team-1',
          'team-2',
        ]);
        const libs = await projects(['**'], 'acme', { limit: 9, prefix: 'acme/l' });
        expect(libs).to.deep.equal(['acme/lib']);
        const web = await images(['**'], undefined, { limit: 1, search: 'eb/' });
        expect(web).to.deep.equal(['team-1/web/x', 'team-2/web/x']);
        const dots = await images(['**'], undefined, { limit: 9, search: 'a.b' });
        expect(dots).to.deep.equal(['beta/a.b/x']);
        const lines = await images(['**'], undefined, { limit: 9, prefix: 'beta/', search: '_' });
        expect(lines).to.deep.equal(['beta/a_b/x']);
        for (const search of ['%', "' OR true --", '.*', '\\']) {
          expect(await images(['**'], undefined, { limit: 9, search })).to.deep.equal([]);
          expect(await groups(['**'], { limit: 9, search })).to.deep.equal([]);
        }
      });
    });

    describe('tags', () => {
      const byName = { order: 'name', isDescending: false } as const;

      it('are in order of their names or pushes, either way, whatever the page', async () => {
        for (const [word, tag] of [
          ['a', 'c'],
          ['b', 'b2'],
          ['c', 'b1'],
          ['d', 'a'],
        ] as const) {
          await put(word, [tag]);
        }
        const { items } = await ports.nameTree.listTags(app, { ...byName, limit: 9 });
        const timed = items.toSorted(
          (one, other) =>
            one.pushedAt.getTime() - other.pushedAt.getTime() || (one.name < other.name ? -1 : 1),
        );
        const byPush = timed.map((tag) => tag.name as string);
        for (const limit of [1, 2, 9]) {
          expect(await tags({ ...byName, limit })).to.deep.equal(['a', 'b1', 'b2', 'c']);
          const back = await tags({ ...byName, isDescending: true, limit });
          expect(back).to.deep.equal(['c', 'b2', 'b1', 'a']);
          const oldest = await tags({ order: 'pushed', isDescending: false, limit });
          expect(oldest).to.deep.equal(byPush);
          const newest = await tags({ order: 'pushed', isDescending: true, limit });
          expect(newest).to.deep.equal(byPush.toReversed());
        }
        expect(await tags({ ...byName, limit: 1, prefix: 'b' })).to.deep.equal(['b1', 'b2']);
        expect(await tags({ ...byName, limit: 1, search: '2' })).to.deep.equal(['b2']);
        expect(await tags({ ...byName, limit: 9, search: '%' })).to.deep.equal([]);
      });

      it('say what they point to, with referrers, and count each content once', async () => {
        for (const [word, size] of [
          ['a', 10],
          ['b', 20],
          ['shared', 1000],
        ] as const) {
          await link(app, word, size);
        }
        const [one, other] = ['a', 'b'].map((word) =>
          imageOf(word, { layers: [blobOf('shared')] }),
        );
        const index = indexOf([one!.digest, other!.digest]);
        for (const manifest of [one!, other!]) await record(manifest);
        await record(index, ['v1'], 'ann');
        await link(app, 'sig');
        const parts = { subject: index.digest, artifactType: 'x/signature' };
        const signature = imageOf('sig', parts);
        await record(signature);
        const { items } = await ports.nameTree.listTags(app, { ...byName, limit: 9 });
        const sizes = [index, one!, other!].map(({ content }) => content.length);
        const { pushedAt, ...rest } = items[0]!;
        expect(pushedAt.getTime()).to.be.closeTo(Date.now(), 60_000);
        expect(rest).to.deep.equal({
          name: 'v1',
          digest: index.digest,
          mediaType: index.mediaType,
          sizeBytes: 1030 + sizes.reduce((sum, size) => sum + size),
          pushedBy: 'ann',
          index: index.content,
          referrers: [
            {
              digest: signature.digest,
              mediaType: signature.mediaType,
              artifactType: 'x/signature',
              sizeBytes: signature.content.length,
            },
          ],
        });
        const nowhere = repositoryNamed('no/such');
        const none = await ports.nameTree.listTags(nowhere, { ...byName, limit: 9 });
        expect(none).to.deep.equal({ items: [] });
      });

      it('say who moved them last, and so does their image', async () => {
        await put('a', ['v1'], 'ann');
        await put('b', ['v1'], 'bob');
        await put('b', ['v1'], 'carl');
        const { items } = await ports.nameTree.listTags(app, { ...byName, limit: 9 });
        expect(items.map(({ pushedBy }) => pushedBy)).to.deep.equal(['bob']);
        await link('acme/empty');
        const found = await ports.nameTree.listImages(all, { limit: 9 });
        const { pushedAt, pushedBy } = items[0]!;
        expect(found.items).to.deep.equal([
          { name: 'acme/app', pushedAt, pushedBy },
          { name: 'acme/empty' },
        ]);
      });

      it('were pushed at the same time by the same account at every site', async () => {
        const follower = await open();
        const joiner = await open();
        try {
          for (const site of [follower, joiner]) await site.sites.recordRole('secondary', 1);
          await put('a', ['v1', 'v2', 'v3'], 'ann');
          await put('b', ['v2'], 'bob');
          await ports.metadata.deleteTag(app, tagNamed('v3'), '');
          await put('c', ['v3'], 'carl');
          const list = { after: 0, limit: 100, withContent: true };
          await follower.changeLog.apply(await ports.changeLog.list(list));
          for (const part of ['repositories', 'links', 'manifests', 'tags'] as const) {
            await joiner.snapshot.replace(await ports.snapshot.read(part));
          }
          const page = { ...byName, limit: 9 };
          const { items } = await ports.nameTree.listTags(app, page);
          expect(items.map(({ pushedBy }) => pushedBy)).to.deep.equal(['ann', 'bob', 'carl']);
          for (const site of [follower, joiner]) {
            expect((await site.nameTree.listTags(app, page)).items).to.deep.equal(items);
          }
          expect(await sums(follower)).to.deep.equal(await sums(ports));
          expect(await sums(joiner)).to.deep.equal(await sums(ports));
        } finally {
          await Promise.all([follower.close(), joiner.close()]);
        }
      });
    });

    describe('measure', () => {
      it('counts what several repositories share once, of what is seen', async () => {
        await link('acme/app', 'shared', 100);
        await link('acme/app', 'own', 10);
        await link('acme/app/x', 'shared', 100);
        await link('acme/lib', 'shared', 100);
        await link('acme/lib', 'other', 1000);
        await link('acme-x', 'foreign', 5000);
        const manifest = imageOf('own');
        await record(manifest, ['v1']);
        const bytes = manifest.content.length;
        const path = 'acme';
        expect(await ports.nameTree.measure({ ...all, path })).to.deep.equal({
          repositories: 3,
          manifests: 1,
          blobs: 3,
          sizeBytes: 1110 + bytes,
        });
        const some = await ports.nameTree.measure(branchOf(['acme/lib', 'acme/app/*'], path));
        const shared = { repositories: 2, manifests: 0, blobs: 2, sizeBytes: 1100 };
        expect(some).to.deep.equal(shared);
        const alone = { ...all, path: 'acme/app', isAlone: true };
        const own = { repositories: 1, manifests: 1, blobs: 2, sizeBytes: 110 + bytes };
        expect(await ports.nameTree.measure(alone)).to.deep.equal(own);
        const none = { repositories: 0, manifests: 0, blobs: 0, sizeBytes: 0 };
        expect(await ports.nameTree.measure(branchOf([], path))).to.deep.equal(none);
      });
    });
  });
}
