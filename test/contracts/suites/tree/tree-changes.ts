/** What every maker of `TreeChanges` keeps. */
import { expect } from 'chai';
import { digestOf } from '../../../../src/oci/digest.ts';
import { outlineOf, parseManifest } from '../../../../src/oci/manifest.ts';
import type { ManifestRecord } from '../../../../src/storage/metadata.ts';
import type {
  ImageCopy,
  TreeDeletion,
  TreeMove,
} from '../../../../src/storage/tree/tree-changes.ts';
import {
  blobOf,
  imageOf,
  indexOf,
  patternOf,
  repositoryNamed,
  tagNamed,
} from '../../../support/content.ts';
import { quota } from '../../../support/lifecycle/policies.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';

const MINUTE_MS = 60_000;
const PARTS = ['repositories', 'links', 'manifests', 'tags'] as const;

const isNotUi = ({ to }: { readonly to: string }) => to !== 'gamma/ui';
const isNoSecret = (name: string) => name !== 'acme/web/secret';
const inAMinute = () => new Date(Date.now() + MINUTE_MS);

const moveOf = (from: string, to: string, more: Partial<TreeMove> = {}): TreeMove => ({
  from: repositoryNamed(from),
  to: repositoryNamed(to),
  isAlone: false,
  actor: 'bob',
  mayMove: () => true,
  ...more,
});

/** The same bytes, whatever their type. */
function bareIndex(mediaType: string): ManifestRecord {
  const content = Buffer.from('{"schemaVersion":2,"manifests":[]}');
  const outline = outlineOf(parseManifest(content, mediaType));
  return { digest: digestOf(content), mediaType, content, ...outline };
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: Error) => error.name,
  );
}

export function describeTreeChangesContract(name: string, open: OpenPorts): void {
  describe(`TreeChanges in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const link = (into: string, word: string, sizeBytes = 1) =>
      ports.metadata.linkBlob({
        repository: repositoryNamed(into),
        digest: blobOf(word),
        sizeBytes,
        actor: 'ann',
      });
    const record = async (into: string, manifest: ManifestRecord, ...tags: string[]) => {
      const outcome = await ports.metadata.recordManifest({
        repository: repositoryNamed(into),
        manifest,
        tags: tags.map(tagNamed),
        mayOverwrite: true,
        actor: 'ann',
      });
      expect(outcome.kind).to.equal('recorded');
      return manifest.digest;
    };
    const put = async (into: string, word: string, ...tags: string[]) => {
      await link(into, word);
      return record(into, imageOf(word), ...tags);
    };
    const copy = (wanted: Partial<ImageCopy> = {}) =>
      ports.treeChanges.copy({
        from: repositoryNamed('acme/app'),
        reference: { kind: 'tag', tag: tagNamed('v1') },
        to: repositoryNamed('beta/app'),
        tag: tagNamed('stable'),
        withReferrers: false,
        mayOverwrite: false,
        actor: 'bob',
        ...wanted,
      });
    const move = (from: string, to: string, more: Partial<TreeMove> = {}) =>
      ports.treeChanges.move(moveOf(from, to, more));
    const remove = (path: string, more: Partial<TreeDeletion> = {}) =>
      ports.treeChanges.delete({
        path: repositoryNamed(path),
        actor: 'bob',
        mayDelete: () => true,
        isDryRun: false,
        ...more,
      });
    const names = () => ports.catalog.listRepositories([patternOf('**')], { limit: 100 });
    const findTag = (into: string, tag: string) =>
      ports.metadata.findTag(repositoryNamed(into), tagNamed(tag));
    const head = () => ports.changeLog.head();

    /** Whoever reads the log from its beginning has the same, with all times and people. */
    const expectFollowed = async () => {
      const other = await open();
      try {
        await other.sites.recordRole('secondary', 1);
        const changes = await ports.changeLog.list({ after: 0, limit: 1000, withContent: true });
        await other.changeLog.apply(changes);
        for (const part of PARTS) {
          const [ours, theirs] = [ports, other].map((site) => site.snapshot.sum(part, [{}]));
          expect(await theirs, part).to.deep.equal(await ours);
        }
      } finally {
        await other.close();
      }
    };

    describe('a copy', () => {
      it('brings an image with its children and blobs, and its tag', async () => {
        const [amd, arm] = [await put('acme/app', 'amd'), await put('acme/app', 'arm')];
        const index = await record('acme/app', indexOf([amd, arm]), 'v1');
        await put('beta/app', 'amd');
        const outcome = await copy();
        expect(outcome).to.deep.equal({ kind: 'copied', digest: index, manifests: 2, blobs: 1 });
        expect(await findTag('beta/app', 'stable')).to.equal(index);
        for (const digest of [index, amd, arm]) {
          const found = await ports.metadata.findManifest(repositoryNamed('beta/app'), digest);
          expect(found?.digest).to.equal(digest);
        }
        expect(await findTag('acme/app', 'v1')).to.equal(index);
        await expectFollowed();
      });

      it('changes nothing where all of it is there already', async () => {
        await put('acme/app', 'a', 'v1');
        await copy();
        const before = await head();
        expect(await copy()).to.include({ kind: 'copied', manifests: 0, blobs: 0 });
        expect(await head()).to.equal(before);
      });

      it('takes what refers to the image along where that is asked for', async () => {
        const digest = await put('acme/app', 'a', 'v1');
        await link('acme/app', 'signature');
        const signature = await record('acme/app', imageOf('signature', { subject: digest }));
        const to = repositoryNamed('beta/app');
        await copy();
        expect(await ports.metadata.findManifest(to, signature)).to.equal(undefined);
        expect(await copy({ withReferrers: true })).to.include({ manifests: 1, blobs: 1 });
        expect((await ports.metadata.findManifest(to, signature))?.digest).to.equal(signature);
      });

      it('leaves an image that is there under the type that it has there', async () => {
        const ours = bareIndex('application/vnd.oci.image.index.v1+json');
        const theirs = bareIndex('application/vnd.docker.distribution.manifest.list.v2+json');
        await record('acme/app', ours, 'v1');
        const digest = await record('beta/app', theirs, 'kept');
        expect(await copy()).to.include({ kind: 'copied', manifests: 0 });
        const found = await ports.metadata.findManifest(repositoryNamed('beta/app'), digest);
        expect(found?.mediaType).to.equal(theirs.mediaType);
        await expectFollowed();
      });

      it('of what is there already passes a quota that was lowered', async () => {
        await put('acme/app', 'a', 'v1');
        await copy();
        await ports.policies.record(quota('beta', 1));
        expect(await copy({ tag: tagNamed('other') })).to.include({ kind: 'copied' });
        const elsewhere = copy({ to: repositoryNamed('beta/elsewhere') });
        expect(await failureOf(elsewhere)).to.equal('ChangeRefused');
      });

      it('does not move a tag without leave (A25), nor bring half of an image', async () => {
        await put('acme/app', 'a', 'v1');
        const other = await put('beta/app', 'b', 'stable');
        expect(await copy()).to.deep.equal({ kind: 'tag-exists' });
        expect(await findTag('beta/app', 'stable')).to.equal(other);
        expect(await copy({ mayOverwrite: true })).to.include({ kind: 'copied' });
        await ports.metadata.unlinkBlob(repositoryNamed('acme/app'), blobOf('a'), 'ann');
        const missing = { kind: 'missing', digests: [blobOf('a')] };
        expect(await copy({ mayOverwrite: true })).to.deep.equal(missing);
        const unknown = { kind: 'digest', digest: blobOf('no') } as const;
        expect(await copy({ reference: unknown })).to.deep.equal({ kind: 'unknown' });
      });
    });

    describe('a deletion', () => {
      it('takes all that lies at or below the path, and nothing beside it', async () => {
        for (const into of ['acme/web', 'acme/web/ui', 'acme/web/api/x', 'acme/web-2', 'acme']) {
          await put(into, 'a', 'v1', 'v2');
        }
        const gone = ['acme/web', 'acme/web/api/x', 'acme/web/ui'];
        const before = await head();
        expect(await remove('acme/web', { isDryRun: true })).to.deep.include({
          repositories: gone,
        });
        expect(await head()).to.equal(before);
        expect(await remove('acme/web')).to.deep.equal({ kind: 'deleted', repositories: gone });
        expect(await names()).to.deep.equal(['acme', 'acme/web-2']);
        expect(await head()).to.equal(before + gone.length);
        expect(await remove('acme/web')).to.deep.equal({ kind: 'unknown' });
        await expectFollowed();
      });

      it('takes nothing where one repository may not go', async () => {
        for (const into of ['acme/web/ui', 'acme/web/secret']) await put(into, 'a');
        const outcome = await remove('acme/web', { mayDelete: isNoSecret });
        expect(outcome).to.deep.equal({ kind: 'denied' });
        expect(await names()).to.have.length(2);
      });
    });

    describe('a move', () => {
      it('gives a tree other names, with all that is in it', async () => {
        const digest = await put('acme/web/ui', 'a', 'v1');
        const child = await put('acme/web/ui', 'b');
        const index = await record('acme/web/ui', indexOf([digest, child]), 'all');
        await put('acme/web', 'c', 'v1');
        await put('acme/web-2', 'd');
        await put('beta/kept', 'a', 'v1');
        const byName = { order: 'name', isDescending: false, limit: 9 } as const;
        const list = (of: string) => ports.nameTree.listTags(repositoryNamed(of), byName);
        const before = await list('acme/web/ui');
        const outcome = await move('acme/web', 'beta/site');
        expect(outcome).to.deep.equal({
          kind: 'moved',
          names: [
            { from: 'acme/web', to: 'beta/site' },
            { from: 'acme/web/ui', to: 'beta/site/ui' },
          ],
        });
        const all = ['acme/web-2', 'beta/kept', 'beta/site', 'beta/site/ui'];
        expect(await names()).to.deep.equal(all);
        expect(await findTag('beta/site/ui', 'all')).to.equal(index);
        expect(await findTag('acme/web/ui', 'all')).to.equal(undefined);
        expect(await list('beta/site/ui')).to.deep.equal(before);
        expect(await ports.replicas.readCounts()).to.include({
          manifests: 6,
          completeManifests: 6,
        });
        await expectFollowed();
      });

      it('moves one image alone, also to below its own old name', async () => {
        await put('acme/web', 'a', 'v1');
        await put('acme/web/ui', 'a', 'v1');
        const alone = { isAlone: true };
        await move('acme/web', 'acme/web/main', alone);
        expect(await names()).to.deep.equal(['acme/web/main', 'acme/web/ui']);
        const nothing = await move('acme/web', 'acme/x', alone);
        expect(nothing).to.deep.equal({ kind: 'unknown' });
      });

      it('moves nothing where a name is taken, too long, or may not be moved', async () => {
        for (const into of ['acme/web/ui', 'acme/web/x', 'beta/web/x']) await put(into, 'a', 'v1');
        const before = await head();
        expect(await move('acme/web', 'beta/web')).to.deep.equal({
          kind: 'conflict',
          names: ['beta/web/x'],
        });
        const long = `beta/${'x'.repeat(249)}`;
        expect(await move('acme/web', long)).to.deep.include({ kind: 'conflict' });
        expect(await move('acme/web', 'gamma', { mayMove: isNotUi })).to.deep.equal({
          kind: 'denied',
        });
        expect(await head()).to.equal(before);
      });

      it('within the tree of a quota passes it, however full it is', async () => {
        await put('acme/web/ui', 'a', 'v1');
        await ports.policies.record(quota('acme', 1));
        await ports.policies.record(quota('beta', 1));
        expect(await move('acme/web', 'acme/site')).to.include({ kind: 'moved' });
        expect(await failureOf(move('acme/site', 'beta/site'))).to.equal('ChangeRefused');
      });

      it('takes along names of as many levels as there may be (A46)', async () => {
        const levels = Array.from({ length: 127 }, () => 'a');
        const deep = [levels.join('/'), levels.slice(1).join('/')];
        for (const into of deep) await put(into, 'a', 'v1');
        expect(await move('a/a', 'b/b')).to.include({ kind: 'moved' });
        expect((await names()).every((one) => one.startsWith('b/b/a'))).to.equal(true);
        expect(await remove('b'))
          .to.have.property('repositories')
          .with.length(2);
      });

      it('leaves nothing that garbage collection would take wrongly', async () => {
        await put('acme/web/ui', 'a', 'v1');
        await move('acme/web', 'beta/web');
        const before = inAMinute();
        for (const kind of ['link', 'manifest'] as const) {
          const due = await ports.garbageReviews.listDue(kind, { before, limit: 9 });
          expect(due.map(({ repository }) => repository)).to.deep.equal(['beta/web/ui']);
        }
        const staleBefore = before;
        const page = { before, staleBefore, limit: 9 };
        expect(await ports.garbageReviews.listUnlinked(page)).to.deep.equal([]);
      });
    });

    describe('a lease', () => {
      it('keeps no names below a path where nothing lies that is to be moved', async () => {
        await put('single', 'one', 'v1');
        const move = moveOf('single', 'beta', { actor: 'eve' });
        expect(await ports.treeChanges.lease(move, inAMinute())).to.include({ kind: 'moved' });
        expect(await failureOf(put('beta', 'two'))).to.equal('NameLeased');
        expect(await failureOf(put('beta/below', 'three'))).to.equal('none');
        expect(await failureOf(put('single/below', 'four'))).to.equal('none');
      });

      it('keeps writers from both paths until the move or its end', async () => {
        await put('acme/web/ui', 'a', 'v1');
        const planned = moveOf('acme/web', 'beta/web');
        expect(await ports.treeChanges.lease(planned, inAMinute())).to.include({ kind: 'moved' });
        expect(await names()).to.deep.equal(['acme/web/ui']);
        const push = (into: string) => failureOf(put(into, 'b', 'v2'));
        expect(await push('acme/web/ui')).to.equal('NameLeased');
        expect(await push('acme/web/new')).to.equal('NameLeased');
        expect(await push('beta/web')).to.equal('NameLeased');
        expect(await push('acme/other')).to.equal('none');
        const ui = repositoryNamed('acme/web/ui');
        expect(await failureOf(ports.metadata.deleteRepository(ui, 'eve'))).to.equal('NameLeased');
        expect(await failureOf(remove('acme', { actor: 'eve' }))).to.equal('NameLeased');
        const others = moveOf('gamma', 'acme/web/deep', { actor: 'eve' });
        expect(await failureOf(ports.treeChanges.move(others))).to.equal('NameLeased');
        expect(await ports.treeChanges.move(planned)).to.include({ kind: 'moved' });
        expect(await push('beta/web/ui')).to.equal('none');
        expect(await push('acme/web/ui')).to.equal('none');
      });

      it('ends by itself, and gives way to another one of the same account', async () => {
        await put('acme/web', 'a', 'v1');
        const alone = { isAlone: true };
        const first = moveOf('acme/web', 'beta/a', alone);
        expect((await ports.treeChanges.lease(first, new Date(Date.now() - 1))).kind).to.equal(
          'moved',
        );
        expect(await failureOf(put('beta/a', 'b'))).to.equal('none');
        await ports.treeChanges.lease(moveOf('acme/web', 'beta/b', alone), inAMinute());
        await ports.treeChanges.lease(moveOf('acme/web', 'beta/c', alone), inAMinute());
        expect(await failureOf(put('beta/c', 'b'))).to.equal('NameLeased');
        expect(await failureOf(put('acme/web/below', 'b'))).to.equal('none');
        const eves = moveOf('acme/web', 'beta/d', { ...alone, actor: 'eve' });
        expect(await failureOf(ports.treeChanges.lease(eves, inAMinute()))).to.equal('NameLeased');
      });
    });

    it('is refused at a site that is not the primary', async () => {
      await put('acme/web', 'a', 'v1');
      await ports.sites.recordRole('secondary', 1);
      for (const work of [
        copy({ from: repositoryNamed('acme/web') }),
        remove('acme'),
        move('acme', 'beta'),
      ]) {
        expect(await failureOf(work)).to.equal('NotPrimary');
      }
    });
  });
}
