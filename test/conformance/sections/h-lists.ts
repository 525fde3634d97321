/** Checklist H, first half: lists of tags and of repositories (101 to 109 and 120). */
import { expect } from 'chai';
import { expectError } from '../errors.ts';
import { type Answer, headerOf, jsonOf } from '../exchange.ts';
import { expectStatus, type Repository } from '../repository.ts';
import type { Stage } from '../stage.ts';

export function describeLists(stage: Stage): void {
  describe('H. Lists of tags', () => {
    describeTags(stage);
    describePages(stage);
  });
  describe('H. The catalog', () => describeCatalog(stage));
}

interface TagList {
  readonly name: string;
  readonly tags: string[] | null;
}

/** A repository with one manifest and these tags on it. */
async function tagged(stage: Stage, tags: readonly string[]): Promise<Repository> {
  const repository = stage.repository('tags');
  const { manifest } = await repository.pushImage();
  for (const tag of tags) await repository.pushManifest(manifest, tag);
  return repository;
}

function tagsOf(answer: Answer): string[] {
  expectStatus(answer, 200);
  const { tags } = jsonOf<TagList>(answer);
  if (tags === null) throw new Error('tags is null');
  return tags;
}

/** Where `Link` says that the next page is; `undefined` on the last one. */
function nextOf(answer: Answer): URL | undefined {
  const { link } = answer.headers;
  if (link === undefined) return undefined;
  const target = /^<([^>]+)>; *rel="?next"?$/.exec(String(link))?.[1];
  if (target === undefined) throw new Error(`Link is ${String(link)}`);
  return new URL(target, answer.url);
}

/** All pages from this one on. */
async function walk(stage: Stage, first: Answer): Promise<string[][]> {
  const pages = [tagsOf(first)];
  let next = nextOf(first);
  while (next && pages.length < 100) {
    const answer = await stage.client.send('GET', next);
    pages.push(tagsOf(answer));
    next = nextOf(answer);
  }
  return pages;
}

const TAGS = ['1.0', '1.0.1', '1.10', 'A', 'Z', '_x', 'a', 'a-b', 'b'];

function describeTags(stage: Stage): void {
  it('101 lists name and tags, and [] where there are none', async () => {
    const repository = await tagged(stage, []);
    const answer = await repository.tags();
    expectStatus(answer, 200);
    expect(jsonOf(answer)).to.deep.equal({ name: repository.name, tags: [] });
    await repository.pushImage('v1');
    expect(tagsOf(await repository.tags())).to.deep.equal(['v1']);
    expect(tagsOf(await repository.tags('?n=5&last=v1'))).to.deep.equal([]);
  });

  it('102 lists tags in the order of their bytes or without regard to case', async () => {
    const repository = await tagged(stage, TAGS.toReversed());
    const byBytes = [...TAGS].sort();
    const byLetters = [...TAGS].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    expect(tagsOf(await repository.tags())).to.be.deep.oneOf([byBytes, byLetters]);
  });

  it('109 answers 404 NAME_UNKNOWN for an unknown repository', async () => {
    expectError(await stage.repository('unknown').tags(), 404, 'NAME_UNKNOWN');
  });
}

function describePages(stage: Stage): void {
  it('103 gives n tags, and fewer only at the end', async () => {
    const repository = await tagged(stage, TAGS);
    const first = await repository.tags('?n=5');
    expect(tagsOf(first)).to.have.lengthOf(5);
    expect(nextOf(first), 'a next page').to.not.equal(undefined);
    expect(tagsOf(await repository.tags('?n=50'))).to.have.lengthOf(TAGS.length);
  });

  it('104 gives an empty list without Link for n=0', async () => {
    const answer = await (await tagged(stage, TAGS)).tags('?n=0');
    expect(tagsOf(answer)).to.deep.equal([]);
    expect(answer.headers.link).to.equal(undefined);
  });

  it('105 starts behind last, without n and where last is no tag', async () => {
    const repository = await tagged(stage, TAGS);
    const all = tagsOf(await repository.tags());
    const behind = (tag: string) => all.slice(all.indexOf(tag) + 1);
    expect(tagsOf(await repository.tags('?last=1.10'))).to.deep.equal(behind('1.10'));
    expect(tagsOf(await repository.tags('?last=1.1'))).to.deep.equal(behind('1.0.1'));
    expect(tagsOf(await repository.tags('?n=2&last=1.10'))).to.deep.equal(
      behind('1.10').slice(0, 2),
    );
  });

  it('106 links to the next page with rel="next" and keeps n', async () => {
    const repository = await tagged(stage, TAGS);
    const answer = await repository.tags('?n=4');
    expect(headerOf(answer, 'Link')).to.match(/^<[^>]+>; *rel="next"$/);
    expect(nextOf(answer)?.searchParams.get('n')).to.equal('4');
    const last = tagsOf(answer).at(-1);
    expect(nextOf(answer)?.searchParams.get('last')).to.equal(last);
    const pages = await walk(stage, answer);
    expect(pages.flat()).to.deep.equal(tagsOf(await repository.tags()));
  });

  it('107 clamps a large n, and answers 400 for one that is no number', async () => {
    const repository = await tagged(stage, TAGS);
    const all = tagsOf(await repository.tags());
    const large = await walk(stage, await repository.tags('?n=10000'));
    expect(large.flat()).to.deep.equal(all);
    for (const bad of ['-1', 'x', '1.5']) expectStatus(await repository.tags(`?n=${bad}`), 400);
  });

  it('108 loses no tag that begins another one at the border of a page', async () => {
    const tags = ['v', 'v1', 'v1.', 'v1.0', 'v1.0-', 'v1.0-a', 'v1.0.0', 'v10', 'v2'];
    const repository = await tagged(stage, tags);
    for (const size of [1, 2, 3]) {
      const pages = await walk(stage, await repository.tags(`?n=${size}`));
      expect(pages.flat().sort()).to.deep.equal([...tags].sort());
      for (const page of pages) expect(page.length).to.be.at.most(size);
    }
  });
}

function describeCatalog(stage: Stage): void {
  it('120 lists repositories by pages', async () => {
    const repository = stage.repository('catalog');
    await repository.pushImage('v1');
    const first = await stage.client.send('GET', '/v2/_catalog?n=1');
    expectStatus(first, 200);
    expect(jsonOf<{ repositories: string[] }>(first).repositories).to.have.lengthOf(1);
    expect(nextOf(first), 'a next page').to.not.equal(undefined);
    const before = repository.name.slice(0, -1);
    const answer = await stage.client.send('GET', `/v2/_catalog?n=100&last=${before}`);
    expect(jsonOf<{ repositories: string[] }>(answer).repositories).to.include(repository.name);
  });

  it('120 lists only what the caller may see', async function () {
    const addAccount = stage.need('addAccount', this);
    const repository = stage.repository('catalog');
    await repository.pushImage('v1');
    await stage.repository('hidden').pushImage('v1');
    const reader = await addAccount([{ pattern: repository.name, actions: ['pull'] }]);
    const { client } = stage.as(reader, repository);
    const answer = await client.send('GET', '/v2/_catalog');
    expectStatus(answer, 200);
    expect(jsonOf(answer)).to.deep.equal({ repositories: [repository.name] });
  });
}
