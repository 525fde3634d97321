/** What every maker of `Catalog` keeps. */
import { expect } from 'chai';
import type { Page } from '../../../src/storage/catalog.ts';
import { blobOf, imageOf, patternOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../support/facts.ts';

const repository = repositoryNamed('acme/app');

/** Every page of a list, one behind the other. */
async function readAll(list: (page: Page) => Promise<string[]>, limit: number): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const after = all.at(-1);
    const page = await list({ limit, ...(after === undefined ? {} : { after }) });
    all.push(...page);
    if (page.length < limit) return all;
  }
}

export function describeCatalogContract(name: string, open: OpenFacts): void {
  describe(`Catalog in ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const link = (into: string, word = 'a') =>
      ports.metadata.linkBlob({
        repository: repositoryNamed(into),
        digest: blobOf(word),
        sizeBytes: 1,
        actor: '',
      });
    const put = async (word: string, parts: Parameters<typeof imageOf>[1], tags: string[] = []) => {
      await link(repository, word);
      const manifest = imageOf(word, parts);
      await ports.metadata.recordManifest({
        repository,
        manifest,
        tags: tags.map(tagNamed),
        mayOverwrite: true,
        actor: '',
      });
      return manifest.digest;
    };
    const visible = (patterns: string[], limit: number) =>
      readAll((page) => ports.catalog.listRepositories(patterns.map(patternOf), page), limit);
    const holders = (page: Page) => ports.catalog.listHolders(blobOf('shared'), page);
    const bills = async (page: Page) => {
      const filter = { ...page, artifactType: 'x/sbom' };
      const found = await ports.catalog.listReferrers(repository, blobOf('subject'), filter);
      return found.map(({ digest }) => digest as string);
    };

    describe('listTags', () => {
      const tags = ['a', 'A', 'a.1', 'a_', 'a-', 'ab', 'Z', '0', '_', 'aa', 'B'];
      const inOrder = ['0', 'A', 'B', 'Z', '_', 'a', 'a-', 'a.1', 'a_', 'aa', 'ab'];

      it('orders by bytes, whatever the size of a page', async () => {
        await put('a', {}, tags);
        for (const limit of [1, 2, 3, 100]) {
          const all = await readAll((page) => ports.catalog.listTags(repository, page), limit);
          expect(all).to.deep.equal(inOrder);
        }
      });

      it('goes on behind a tag that is not there', async () => {
        await put('a', {}, tags);
        const page = await ports.catalog.listTags(repository, { after: 'a,', limit: 2 });
        expect(page).to.deep.equal(['a-', 'a.1']);
      });

      it('is empty behind the last tag, without a repository, and for a page of none', async () => {
        await put('a', {}, ['v1']);
        expect(await ports.catalog.listTags(repository, { after: 'v1', limit: 5 })).to.deep.equal(
          [],
        );
        expect(await ports.catalog.listTags(repository, { limit: 0 })).to.deep.equal([]);
        expect(
          await ports.catalog.listTags(repositoryNamed('no/such'), { limit: 5 }),
        ).to.deep.equal([]);
      });
    });

    describe('findRepository', () => {
      it('finds a repository also when all that was in it is deleted', async () => {
        expect(await ports.catalog.findRepository(repository)).to.equal(undefined);
        await link(repository);
        await ports.metadata.unlinkBlob(repository, blobOf('a'), '');
        const found = await ports.catalog.findRepository(repository);
        expect(found?.createdAt).to.be.instanceOf(Date);
      });
    });

    describe('listRepositories', () => {
      const names = [
        'acme',
        'acme-x/app',
        'acme/a',
        'acme/app',
        'acme/app/deep',
        'acme/app2',
        'acme0',
        'beta/a_b',
        'beta/a_c',
        'beta/axb',
        'team-1/web',
        'team-2/api',
        'team-2/web',
        'zed',
      ];
      const cases: readonly [string[], string[]][] = [
        [['**'], names],
        [['acme/app', '**'], names],
        [['acme/app'], ['acme/app']],
        [['acme/**'], ['acme', 'acme/a', 'acme/app', 'acme/app/deep', 'acme/app2']],
        [['acme/*'], ['acme/a', 'acme/app', 'acme/app2']],
        [
          ['acme/a*', 'acme/app/*'],
          ['acme/a', 'acme/app', 'acme/app/deep', 'acme/app2'],
        ],
        [['beta/a_b'], ['beta/a_b']],
        [['beta/a_*'], ['beta/a_b', 'beta/a_c']],
        [['team-*/web'], ['team-1/web', 'team-2/web']],
        [
          ['*/web', 'zed'],
          ['team-1/web', 'team-2/web', 'zed'],
        ],
        [
          ['*/app/**', 'acme'],
          ['acme', 'acme-x/app', 'acme/app', 'acme/app/deep'],
        ],
        [['*'], ['acme', 'acme0', 'zed']],
        [['nothing/**'], []],
        [[], []],
      ];

      beforeEach(async () => {
        for (const name of names.toReversed()) await link(name);
      });

      for (const [patterns, expected] of cases) {
        it(`gives what [${patterns.join(', ')}] covers, in order, whatever the page`, async () => {
          for (const limit of [1, 3, 100])
            expect(await visible(patterns, limit)).to.deep.equal(expected);
        });
      }

      it('takes hundreds of patterns', async () => {
        const patterns = Array.from({ length: 300 }, (_, n) => patternOf(`grant-${n}/**`));
        await link('grant-250/app');
        const found = await ports.catalog.listRepositories(patterns, { limit: 10 });
        expect(found).to.deep.equal(['grant-250/app']);
      });
    });

    describe('listReferrers', () => {
      const subject = blobOf('subject');

      it('describes each manifest that names the subject, in order of its digest', async () => {
        const annotations = { 'org.example.key': 'value' };
        const signed = await put('a', { subject, artifactType: 'x/signature', annotations });
        const plain = await put('b', { subject });
        await put('c', {});
        const found = await ports.catalog.listReferrers(repository, subject, { limit: 9 });
        expect(found.map(({ digest }) => digest)).to.deep.equal([signed, plain].sort());
        expect(found.find(({ digest }) => digest === signed)).to.deep.equal({
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: signed,
          size: imageOf('a', { subject, artifactType: 'x/signature', annotations }).content.length,
          artifactType: 'x/signature',
          annotations,
        });
        // > If the artifactType is empty or missing, … the config descriptor's mediaType.
        expect(found.find(({ digest }) => digest === plain)).to.include({
          artifactType: 'application/vnd.oci.image.config.v1+json',
        });
      });

      it('filters by artifact type and goes on page by page', async () => {
        const expected: string[] = [];
        for (const word of ['a', 'b', 'c', 'd']) {
          expected.push(await put(word, { subject, artifactType: 'x/sbom' }));
          await put(`other ${word}`, { subject, artifactType: 'x/other' });
        }
        expect(await readAll(bills, 1)).to.deep.equal(expected.sort());
        expect(await readAll(bills, 3)).to.deep.equal(expected);
      });

      it('forgets a referrer that is deleted, and keeps those of a deleted subject', async () => {
        const target = await put('target', {}, ['v1']);
        const kept = await put('a', { subject: target });
        const gone = await put('b', { subject: target });
        await ports.metadata.deleteManifest(repository, gone, '');
        await ports.metadata.deleteManifest(repository, target, '');
        const found = await ports.catalog.listReferrers(repository, target, { limit: 9 });
        expect(found.map(({ digest }) => digest)).to.deep.equal([kept]);
      });

      it('is empty for an unknown digest and an unknown repository', async () => {
        await put('a', { subject });
        const nowhere = repositoryNamed('no/such');
        expect(
          await ports.catalog.listReferrers(repository, blobOf('z'), { limit: 9 }),
        ).to.deep.equal([]);
        expect(await ports.catalog.listReferrers(nowhere, subject, { limit: 9 })).to.deep.equal([]);
      });
    });

    describe('listHolders', () => {
      it('names the repositories that link a blob, in order, by pages', async () => {
        for (const into of ['c', 'a/b', 'b']) await link(into, 'shared');
        await link('d', 'other');
        expect(await readAll(holders, 2)).to.deep.equal(['a/b', 'b', 'c']);
        expect(await holders({ after: 'aa', limit: 1 })).to.deep.equal(['b']);
      });
    });
  });
}
