/** What every maker of `Snapshot` keeps where two sites are compared. */
import { expect } from 'chai';
import type { Digest } from '../../../../src/oci/digest.ts';
import type { RepositoryName, Tag } from '../../../../src/oci/reference.ts';
import type { Fact } from '../../../../src/storage/change-log.ts';
import {
  type KeyRange,
  type PlacedPage,
  SNAPSHOT_PARTS,
  type SnapshotKey,
  type SnapshotPart,
  type Stretch,
} from '../../../../src/storage/geo/snapshot.ts';
import { blobOf, imageOf, patternOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { registryNamed, upstreamNamed } from '../../../support/virtual/cached.ts';

const app = repositoryNamed('acme/app');
const apple = repositoryNamed('acme/app-le');
const words = Array.from({ length: 7 }, (_, nth) => `w${nth}`);

export function describeSnapshotContract(name: string, open: OpenPorts): void {
  describe(`comparing by Snapshot in ${name}`, () => {
    let primary: TestPorts;
    let secondary: TestPorts;

    const catchUp = async () => {
      const after = await secondary.changeLog.head();
      const changes = await primary.changeLog.list({ after, limit: 1000, withContent: true });
      await secondary.changeLog.apply(changes);
    };
    const readRow = async (part: SnapshotPart, ...key: string[]) => {
      const range = { after: before(key), through: key };
      return { range, page: await primary.snapshot.readRange(part, range) };
    };
    /** Cut to the end, however much is cut at once. */
    const cut = async (part: SnapshotPart, range: KeyRange, rows: number) => {
      const stretches = await primary.snapshot.cut(part, range, rows);
      for (let last = stretches.at(-1)!; last.through?.join() !== range.through?.join(); ) {
        const rest = { ...range, after: last.through! };
        stretches.push(...(await primary.snapshot.cut(part, rest, rows)));
        last = stretches.at(-1)!;
      }
      return stretches;
    };
    /** Changes this site's rows and tells nobody, as damage does. */
    const damage = async (part: SnapshotPart, key: SnapshotKey, fact?: Fact) => {
      const rows = fact ? [{ key, fact }] : [];
      await secondary.snapshot.replace({ part, after: before(key), through: key, rows });
    };
    const repair = async (page: PlacedPage) => (await secondary.snapshot.repair([page]))[0]!;
    const differing = async (part: SnapshotPart) => {
      const stretches = await cut(part, {}, 1);
      const own = await secondary.snapshot.sum(part, stretches);
      return stretches.filter(({ checksum }, nth) => checksum !== own[nth]);
    };

    beforeEach(async () => {
      [primary, secondary] = [await open(), await open()];
      await secondary.sites.recordRole('secondary', 1);
      await fill(primary);
      await catchUp();
    });
    afterEach(() => Promise.all([primary.close(), secondary.close()]));

    it('makes checksums at both sites in the same way, and says so', async () => {
      const [here, there] = [secondary, primary].map(({ snapshot }) => snapshot.readHashing());
      expect(await here)
        .to.equal(await there)
        .and.not.equal('');
    });

    it('cuts each part without gaps, and comes to the same sums where the rows are', async () => {
      for (const part of SNAPSHOT_PARTS) {
        for (const rows of [1, 2, 1000]) {
          const stretches = await cut(part, {}, rows);
          expectChain(stretches, {});
          const own = await secondary.snapshot.sum(part, stretches);
          const sums = stretches.map(({ checksum }) => checksum);
          expect(own, `${part} by ${rows}`).to.deep.equal(sums);
          expect(stretches.every((stretch) => stretch.rows <= rows)).to.equal(true);
        }
      }
    });

    it('cuts a range that has ends, and one that is empty', async () => {
      const range = { after: [app, ''], through: [app, '~'] };
      const stretches = await cut('tags', range, 3);
      expectChain(stretches, range);
      expect(stretches.map(({ rows }) => rows)).to.deep.equal([3, 3, 1]);
      const none = { after: ['zzz', ''], through: ['zzz', '~'] };
      const [only, ...others] = await cut('tags', none, 3);
      expect(only).to.deep.include({ ...none, rows: 0 });
      expect(others).to.deep.equal([]);
    });

    it('sets several ranges right at once, and says what each was', async () => {
      await damage('tags', [app, 'w2']);
      await damage('tags', [app, 'w3'], recorded(imageOf('w0').digest, 'w3'));
      const [missing, wrong] = [await readRow('tags', app, 'w2'), await readRow('tags', app, 'w3')];
      const repairs = await secondary.snapshot.repair([missing.page, wrong.page]);
      const kinds = repairs.map(({ differences }) => differences.map(({ kind }) => kind));
      expect(kinds).to.deep.equal([['missing'], ['wrong']]);
      expect(await differing('tags')).to.deep.equal([]);
    });

    it('differs where a row is missing, wrong or too much, and nowhere else', async () => {
      const [first, second] = [imageOf('w0'), imageOf('w1')];
      await damage('tags', [app, 'w2']);
      await damage('tags', [app, 'w3'], recorded(first.digest, 'w3'));
      await damage('tags', [app, 'w5-more'], recorded(second.digest, 'w5-more'));
      const ends = (await differing('tags')).map(({ through }) => through?.[1]);
      expect(ends).to.deep.equal(['w2', 'w3', 'w6']);
    });

    it('sets right each kind of damage, says which it was, and tells who remembers', async () => {
      const [first, second] = [imageOf('w0'), imageOf('w1')];
      const expected: [SnapshotPart, SnapshotKey, string][] = [
        ['tags', [app, 'w2'], 'missing'],
        ['tags', [app, 'w3'], 'wrong'],
        ['tags', [app, 'w5-more'], 'extra'],
        ['links', [app, blobOf('w4')], 'missing'],
        ['links', [app, blobOf('none')], 'extra'],
        ['accounts', ['ann'], 'missing'],
        ['sites', ['oslo'], 'extra'],
        ['upstreams', ['gcr'], 'extra'],
        ['upstreams', ['quay'], 'wrong'],
        ['virtual-registries', ['all'], 'wrong'],
        ['virtual-registries', ['empty'], 'missing'],
        ['repositories', ['acme/none'], 'extra'],
      ];
      await damage('tags', [app, 'w2']);
      await damage('tags', [app, 'w3'], recorded(first.digest, 'w3'));
      await damage('tags', [app, 'w5-more'], recorded(second.digest, 'w5-more'));
      await damage('links', [app, blobOf('w4')]);
      await damage('links', [app, blobOf('none')], linked(app, blobOf('none')));
      await damage('accounts', ['ann']);
      const site = { name: 'oslo', url: 'http://oslo.test', publicKey: {} };
      await damage('sites', ['oslo'], { kind: 'site-recorded', site });
      const upstream = upstreamNamed('gcr');
      await damage('upstreams', ['gcr'], { kind: 'upstream-recorded', upstream });
      const evil = upstreamNamed('quay', { url: 'https://evil.test' });
      await damage('upstreams', ['quay'], { kind: 'upstream-recorded', upstream: evil });
      const registry = registryNamed('all', { upstreams: ['quay', 'hub'], hosts: ['a.test'] });
      await damage('virtual-registries', ['all'], { kind: 'virtual-registry-recorded', registry });
      await damage('virtual-registries', ['empty']);
      await damage(
        'links',
        ['acme/none', blobOf('w1')],
        linked(repositoryNamed('acme/none'), blobOf('w1')),
      );
      const found: [SnapshotPart, SnapshotKey, string][] = [];
      for (const part of SNAPSHOT_PARTS) {
        for (const range of await differing(part)) {
          const page = await primary.snapshot.readRange(part, range);
          const { differences, isSettled } = await repair(page);
          expect(isSettled).to.equal(true);
          found.push(...differences.map(({ key, kind }) => [part, key, kind] as never));
        }
      }
      // The token of the account went with it.
      const all = [...expected, ['tokens', ['t1'], 'missing'] as never].map(String).sort();
      expect(found.map(String).sort()).to.deep.equal(all);
      for (const part of SNAPSHOT_PARTS) expect(await differing(part), part).to.deep.equal([]);
      expect((await secondary.changeLog.readHead()).repairs).to.equal(found.length);
      expect(await secondary.changeLog.head()).to.equal(await primary.changeLog.head());
    });

    it('does nothing where nothing differs', async () => {
      const { page } = await readRow('tags', app, 'w1');
      const done = await repair(page);
      expect(done).to.deep.equal({ differences: [], isSettled: true });
      expect(await secondary.changeLog.readHead()).not.to.have.property('repairs');
    });

    it('takes what is under way for no damage, on either side', async () => {
      // Read before a change that this site has applied.
      const { page: early } = await readRow('tags', app, 'w1');
      await primary.metadata.deleteTag(app, tagNamed('w1'), '');
      await catchUp();
      const none = { differences: [], isSettled: false };
      expect(await repair(early)).to.deep.equal(none);
      // Read behind a change that this site has not applied yet.
      await primary.metadata.deleteTag(app, tagNamed('w2'), '');
      const { page: late } = await readRow('tags', app, 'w2');
      expect(await repair(late)).to.deep.equal(none);
      expect(await secondary.metadata.findTag(app, tagNamed('w2'))).to.equal(imageOf('w2').digest);
    });

    it('finds damage also while other rows of its repository change', async () => {
      const { page } = await readRow('tags', app, 'w1');
      await primary.metadata.deleteTag(app, tagNamed('w2'), '');
      await catchUp();
      await damage('tags', [app, 'w1']);
      const { differences } = await repair(page);
      expect(differences).to.deep.equal([{ key: [app, 'w1'], kind: 'missing' }]);
    });

    it('does nothing where the log of what came since was forgotten', async () => {
      const { page } = await readRow('tags', app, 'w1');
      await damage('tags', [app, 'w1']);
      await primary.metadata.deleteTag(app, tagNamed('w2'), '');
      await primary.metadata.deleteTag(app, tagNamed('w3'), '');
      await catchUp();
      await secondary.changeLog.trim(await secondary.changeLog.head());
      const none = { differences: [], isSettled: false };
      expect(await repair(page)).to.deep.equal(none);
    });

    it('repairs nothing at a primary', async () => {
      const { page } = await readRow('tags', app, 'w1');
      const failure: unknown = await primary.snapshot.repair([page]).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(Error);
    });
  });
}

/** A key that lies before it and behind every smaller one that the tests use. */
function before(key: SnapshotKey): SnapshotKey {
  const last = key.at(-1)!;
  const start = `${last.slice(0, -1)}${String.fromCharCode(last.charCodeAt(last.length - 1) - 1)}~`;
  return [...key.slice(0, -1), start];
}

function expectChain(stretches: readonly Stretch[], range: KeyRange): void {
  const after = stretches.map((stretch) => stretch.after);
  const through = stretches.map((stretch) => stretch.through);
  expect(after).to.deep.equal([range.after, ...through.slice(0, -1)]);
  expect(through.at(-1)).to.deep.equal(range.through);
}

function recorded(digest: Digest, tag: string): Fact {
  const { mediaType } = imageOf('w0');
  const tags: Tag[] = [tagNamed(tag)];
  const common = { repository: app, digest, mediaType, sizeBytes: 1, actor: '' };
  return { kind: 'manifest-recorded', ...common, tags };
}

function linked(repository: RepositoryName, digest: Digest): Fact {
  return { kind: 'blob-linked', repository, digest, sizeBytes: 1, actor: '' };
}

async function fill({ metadata, accounts, sites, virtualRegistries }: TestPorts): Promise<void> {
  for (const repository of [app, apple]) {
    for (const word of words) {
      const manifest = imageOf(word);
      await metadata.linkBlob({ repository, digest: blobOf(word), sizeBytes: 1, actor: '' });
      const tags = [tagNamed(word)];
      const put = { repository, manifest, tags, mayOverwrite: true, actor: '' };
      await metadata.recordManifest(put);
    }
  }
  await accounts.recordAccount({
    name: 'ann',
    kind: 'person',
    isDisabled: false,
    tokensValidAfter: new Date(1000),
    grants: [{ pattern: patternOf('acme/**'), actions: ['pull'] }],
  });
  await accounts.recordAccessToken({
    id: 't1',
    account: 'ann',
    label: 'build',
    secretHash: 'x',
    actions: ['pull'],
    patterns: [patternOf('acme/**')],
    expiresAt: new Date(5000),
  });
  for (const upstream of ['hub', 'quay']) {
    await virtualRegistries.recordUpstream(upstreamNamed(upstream));
  }
  const lists = { upstreams: ['hub', 'quay'], hosts: ['a.test'] };
  await virtualRegistries.recordRegistry(registryNamed('all', lists));
  await virtualRegistries.recordRegistry(registryNamed('empty'));
  await sites.recordSite({ name: 'rome', url: 'http://rome.test', publicKey: { kty: 'EC' } });
}
