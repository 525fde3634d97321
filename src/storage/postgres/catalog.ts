/** `Catalog` in PostgreSQL: each page is a walk along an index, from where the last one ended. */
import type { Annotations, Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Catalog, Page, ReferrersPage } from '../catalog.ts';
import {
  filterCovered,
  isEverything,
  likenessesOf,
  type NameRange,
  rangesOf,
} from './catalog-ranges.ts';
import type { Database, Statement } from './database.ts';

const FIND_REPOSITORY: Statement = {
  name: 'find-repository',
  text: 'SELECT created_at AS "createdAt" FROM repositories WHERE name = $1',
};
/** Its first condition is that of the index, word by word. */
const FIND_DELETION: Statement = {
  name: 'find-deletion',
  text: `SELECT position FROM changes
         WHERE CAST(fact AS text) LIKE '{"kind":"repository-deleted"%'
           AND fact->>'repository' = $1
         ORDER BY position DESC LIMIT 1`,
};
const LIST_TAGS: Statement = {
  name: 'list-tags',
  text: `SELECT name FROM tags WHERE repository = $1 AND name > $2 ORDER BY name LIMIT $3`,
};
const LIST_ALL: Statement = {
  name: 'list-repositories',
  text: 'SELECT name FROM repositories WHERE name > $1 ORDER BY name LIMIT $2',
};
/** Each range is a walk of its own that ends after one page; LIKE sorts out most others here. */
const LIST_RANGES: Statement = {
  name: 'list-repositories-in-ranges',
  text: `SELECT found.name
         FROM unnest($1::text[], $2::text[]) AS range (low, high)
         CROSS JOIN LATERAL (
           SELECT name FROM repositories
           WHERE name > $5 AND name >= range.low COLLATE "C" AND name < range.high COLLATE "C"
             AND EXISTS (
               SELECT FROM unnest($3::text[], $4::text[]) AS pattern (alike, deeper)
               WHERE name LIKE alike AND name NOT LIKE deeper
             )
           ORDER BY name LIMIT $6
         ) AS found
         ORDER BY found.name LIMIT $6`,
};
const COLUMNS = `media_type AS "mediaType", digest, size_bytes AS size,
                 artifact_type AS "artifactType", annotations`;
const LIST_REFERRERS: Statement = {
  name: 'list-referrers',
  text: `SELECT ${COLUMNS} FROM manifests
         WHERE repository = $1 AND subject = $2 AND digest > $3 ORDER BY digest LIMIT $4`,
};
const LIST_REFERRERS_OF_TYPE: Statement = {
  name: 'list-referrers-of-type',
  text: `SELECT ${COLUMNS} FROM manifests
         WHERE repository = $1 AND subject = $2 AND digest > $3 AND artifact_type = $5
         ORDER BY digest LIMIT $4`,
};
const LIST_HOLDERS: Statement = {
  name: 'list-holders',
  text: `SELECT repository AS name FROM blob_links
         WHERE digest = $1 AND repository > $2 ORDER BY repository LIMIT $3`,
};

/** So many ranges go into one query, and at least so many names come out of it. */
const RANGES_PER_QUERY = 64;
const NAMES_PER_QUERY = 1000;

interface Named<Name extends string> {
  readonly name: Name;
}

interface ReferrerRow {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType: string | null;
  readonly annotations: Annotations;
}

export class PostgresCatalog implements Catalog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findRepository(
    repository: RepositoryName,
  ): Promise<{ readonly createdAt: Date } | undefined> {
    const rows = await this.#database.query<{ createdAt: Date }>(FIND_REPOSITORY, [repository]);
    return rows[0];
  }

  async findDeletion(repository: RepositoryName): Promise<number | undefined> {
    const rows = await this.#database.query<{ position: number }>(FIND_DELETION, [repository]);
    return rows[0]?.position;
  }

  async listTags(repository: RepositoryName, { after = '', limit }: Page): Promise<string[]> {
    return this.#names(LIST_TAGS, [repository, after, limit]);
  }

  async listRepositories(
    patterns: readonly PathPattern[],
    { after = '', limit }: Page,
  ): Promise<RepositoryName[]> {
    if (patterns.some(isEverything)) return this.#names(LIST_ALL, [after, limit]);
    const found: RepositoryName[] = [];
    const ranges = rangesOf(patterns).filter(({ high }) => high > after);
    for (let first = 0; first < ranges.length; first += RANGES_PER_QUERY) {
      const some = ranges.slice(first, first + RANGES_PER_QUERY);
      for await (const names of this.#walk(some, after)) {
        found.push(...filterCovered(names, some));
        if (found.length >= limit) return found.slice(0, limit);
      }
    }
    return found;
  }

  async listReferrers(
    repository: RepositoryName,
    subject: Digest,
    { after = '', limit, artifactType }: ReferrersPage,
  ): Promise<Descriptor[]> {
    const values = [repository, subject, after, limit];
    const rows =
      artifactType === undefined
        ? await this.#database.query<ReferrerRow>(LIST_REFERRERS, values)
        : await this.#database.query<ReferrerRow>(LIST_REFERRERS_OF_TYPE, [
            ...values,
            artifactType,
          ]);
    return rows.map(toDescriptor);
  }

  async listHolders(blob: Digest, { after = '', limit }: Page): Promise<RepositoryName[]> {
    return this.#names(LIST_HOLDERS, [blob, after, limit]);
  }

  /** Names in the ranges, in order, with some that only look as if a pattern covered them. */
  async *#walk(ranges: readonly NameRange[], after: string): AsyncGenerator<RepositoryName[]> {
    const likenesses = likenessesOf(ranges);
    let last = after;
    for (;;) {
      const names = await this.#names<RepositoryName>(LIST_RANGES, [
        ranges.map(({ low }) => low),
        ranges.map(({ high }) => high),
        likenesses.map(({ like }) => like),
        likenesses.map(({ unlike }) => unlike),
        last,
        NAMES_PER_QUERY,
      ]);
      yield names;
      if (names.length < NAMES_PER_QUERY) return;
      last = names.at(-1)!;
    }
  }

  async #names<Name extends string>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<Name[]> {
    const rows = await this.#database.query<Named<Name>>(statement, values);
    return rows.map(({ name }) => name);
  }
}

function toDescriptor({ artifactType, annotations, ...rest }: ReferrerRow): Descriptor {
  return {
    ...rest,
    ...(artifactType === null ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
