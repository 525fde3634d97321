/** `NameTree` in PostgreSQL: each page is a walk along an index, from where the last one ended. */
import type { RepositoryName } from '../../../oci/reference.ts';
import {
  type Amounts,
  type Branch,
  type ImageEntry,
  MAX_WALK,
  type NamePage,
  type NameTree,
  type ReferrerEntry,
  type Slice,
  type TagEntry,
  type TagKey,
  type TagPage,
} from '../../tree/tree.ts';
import type { Database, Statement } from '../database.ts';
import { levelsOf, rangesOfBranch, type SeenRange } from './ranges.ts';
import { LIST_GROUPS, LIST_IMAGES, LIST_PROJECTS, LIST_TAGS, MEASURE } from './statements.ts';

/** Above every character of a name. */
const LAST = '~';

/** Of an item, and of the walk that found it; of the walk alone where it found none. */
type Walked<Item> = { [Key in keyof Item]: Item[Key] | null } & {
  readonly count: number;
  readonly last: string | null;
};
type TagRow = Walked<Omit<TagEntry, 'referrers'>> & {
  readonly referrers: readonly ReferrerRow[] | null;
  readonly lastAt: Date;
};
type ReferrerRow = Omit<ReferrerEntry, 'artifactType'> & { readonly artifactType: string | null };

export class PostgresNameTree implements NameTree {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async listGroups(branch: Branch, page: NamePage): Promise<Slice<string>> {
    const values = levelValues(branch, page, 1);
    return this.#listNames(LIST_GROUPS, values, page);
  }

  async listProjects(
    branch: Branch & { readonly path: string },
    page: NamePage,
  ): Promise<Slice<string>> {
    const values = [...levelValues(branch, page, 2), branch.path];
    return this.#listNames(LIST_PROJECTS, values, page);
  }

  async listImages(branch: Branch, page: NamePage): Promise<Slice<ImageEntry>> {
    const ranges = rangesOfBranch(branch, page.prefix);
    const values = walkValues(ranges, ranges, page);
    const rows = await this.#database.query<Walked<ImageEntry>>(LIST_IMAGES, values);
    const items = rows.filter(({ name }) => name !== null).map(toImage);
    return cutSlice(items, { page, walked: rows[0]?.count ?? 0, last: rows[0]?.last ?? '' });
  }

  async listTags(repository: RepositoryName, page: TagPage): Promise<Slice<TagEntry, TagKey>> {
    const { after, limit, prefix = '', search = '', order, isDescending } = page;
    const statement = LIST_TAGS[order][isDescending ? 1 : 0];
    const rows = await this.#database.query<TagRow>(statement, [
      repository,
      after?.name ?? (isDescending ? LAST : ''),
      prefix,
      prefix + LAST,
      walkOf(page),
      search,
      limit + 1,
      ...(order === 'name' ? [] : [after?.pushedAt ?? (isDescending ? 'infinity' : '-infinity')]),
    ]);
    const items = rows.filter(({ name }) => name !== null).map(toTag);
    const { count = 0, last, lastAt } = rows[0] ?? {};
    const end = { name: last, pushedAt: lastAt } as TagKey;
    if (items.length > limit) {
      const { name, pushedAt } = items[limit - 1]!;
      return { items: items.slice(0, limit), next: { name, pushedAt } };
    }
    return count < walkOf(page) ? { items } : { items, next: end };
  }

  async measure(branch: Branch): Promise<Amounts> {
    const ranges = rangesOfBranch(branch);
    const values = [
      ranges.map(({ low }) => low),
      ranges.map(({ high }) => high),
      ranges.map(({ rule }) => rule),
    ];
    return (await this.#database.query<Amounts>(MEASURE, values))[0]!;
  }

  async #listNames(
    statement: Statement,
    values: readonly unknown[],
    page: NamePage,
  ): Promise<Slice<string>> {
    const rows = await this.#database.query<Walked<{ name: string }>>(statement, values);
    const items = rows.map(({ name }) => name).filter((name) => name !== null);
    const [first] = rows;
    const named = items.map((name) => ({ name }));
    const cut = cutSlice(named, { page, walked: first?.count ?? 0, last: first?.last ?? '' });
    return { ...cut, items: cut.items.map(({ name }) => name) };
  }
}

/** One more than the page holds says whether there is more. */
function walkOf({ search = '', limit }: Pick<NamePage, 'search' | 'limit'>): number {
  return search === '' ? limit + 1 : Math.max(limit + 1, MAX_WALK);
}

/** For groups (one level) and projects (two): where their words begin and end, too. */
function levelValues(branch: Branch, page: NamePage, levels: number): unknown[] {
  const ranges = rangesOfBranch(branch, page.prefix);
  const words = ranges.map((range) => levelsOf(range, levels));
  return walkValues(ranges, words, page);
}

function walkValues(
  ranges: readonly SeenRange[],
  words: readonly { readonly low: string; readonly high: string }[],
  page: NamePage,
): unknown[] {
  return [
    ranges.map(({ low }) => low),
    ranges.map(({ high }) => high),
    ranges.map(({ rule }) => rule),
    words.map(({ low }) => low),
    words.map(({ high }) => high),
    page.after ?? '',
    walkOf(page),
    page.search ?? '',
    page.limit + 1,
  ];
}

interface WalkEnd {
  readonly page: NamePage;
  readonly walked: number;
  readonly last: string;
}

function cutSlice<Item extends { readonly name: string }>(
  items: readonly Item[],
  { page, walked, last }: WalkEnd,
): Slice<Item> {
  const { limit } = page;
  if (items.length > limit) {
    return { items: items.slice(0, limit), next: items[limit - 1]!.name };
  }
  return walked < walkOf(page) ? { items } : { items, next: last };
}

function toImage({ name, pushedAt, pushedBy }: Walked<ImageEntry>): ImageEntry {
  const push = pushedAt && { pushedAt, pushedBy: pushedBy ?? '' };
  return { name: name!, ...push };
}

function toTag(row: TagRow): TagEntry {
  const { count: _, last: _last, lastAt: _lastAt, artifactType, index, referrers, ...rest } = row;
  return {
    ...(rest as Omit<TagEntry, 'referrers'>),
    ...(artifactType === null || artifactType === undefined ? {} : { artifactType }),
    ...(index ? { index } : {}),
    referrers: (referrers ?? []).map(withoutNull),
  };
}

function withoutNull({ artifactType, ...rest }: ReferrerRow): ReferrerEntry {
  return artifactType === null ? rest : { ...rest, artifactType };
}
