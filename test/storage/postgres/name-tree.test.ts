import { expect } from 'chai';
import { Client } from 'pg';
import { EVERYTHING } from '../../../src/oci/path-pattern.ts';
import { Database, type Statement } from '../../../src/storage/postgres/database.ts';
import { PostgresNameTree } from '../../../src/storage/postgres/tree/tree.ts';
import { imageOf, patternOf, repositoryNamed } from '../../support/content.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

const repository = repositoryNamed('g007/p3/i00');
const REPOSITORIES = 20_000;
const LIMIT = 10;
/** What a page may read: rows of all steps of the plan. The tables have tens of thousands. */
const MOST_ROWS = 400;

interface Step {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Step[];
}

/** A database that keeps what it was asked. */
class Listening {
  readonly asked: { readonly statement: Statement; readonly values: readonly unknown[] }[] = [];
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  query<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    this.asked.push({ statement, values });
    return this.#database.query<Row>(statement, values);
  }
}

describe('pages of the tree in PostgreSQL', () => {
  let place: TestDatabase;
  let client: Client;
  let database: Database;

  before(async () => {
    place = await openTestDatabase();
    database = await Database.open({ url: place.url });
    client = new Client({
      connectionString: place.url,
      options: '-c enable_seqscan=off -c enable_bitmapscan=off',
    });
    await client.connect();
    await client.query(
      `INSERT INTO repositories (name)
       SELECT 'g' || lpad((n / 200)::text, 3, '0') || '/p' || (n / 20) % 10 ||
              '/i' || lpad((n % 20)::text, 2, '0') FROM generate_series(0, $1 - 1) AS n`,
      [REPOSITORIES],
    );
    const { digest, content, mediaType } = imageOf('a');
    await client.query(
      `INSERT INTO manifests (repository, digest, media_type, size_bytes, content, annotations)
       VALUES ($1, $2, $3, $4, $5, '{}')`,
      [repository, digest, mediaType, content.length, content],
    );
    await client.query(
      `INSERT INTO tags (repository, name, digest, pushed_at)
       SELECT $1, 'v' || lpad(n::text, 6, '0'), $2, now() - n * interval '1 s'
       FROM generate_series(1, $3) AS n`,
      [repository, digest, REPOSITORIES],
    );
    await client.query('ANALYZE');
  });
  after(async () => {
    await client.end();
    await database.close();
    await place.drop();
  });

  /** Rows that all steps of the plan give, behind one another. */
  const countRows = async (list: (tree: PostgresNameTree) => Promise<unknown>) => {
    const listening = new Listening(database);
    await list(new PostgresNameTree(listening as unknown as Database));
    const [{ statement, values }] = listening.asked as [Listening['asked'][number]];
    const explain = `EXPLAIN (ANALYZE, FORMAT JSON) ${statement.text}`;
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Step }] }>(explain, [...values]);
    return sumRows(rows[0]!['QUERY PLAN'][0].Plan);
  };

  const byName = { order: 'name', isDescending: false, limit: LIMIT } as const;
  const all = { visible: [EVERYTHING] };
  const some = { visible: ['g007/**', 'g050/p3/*', 'g099/p1/i07'].map(patternOf) };
  const lists: Record<string, (tree: PostgresNameTree) => Promise<unknown>> = {
    groups: (tree) => tree.listGroups(all, { limit: LIMIT, after: 'g040' }),
    'groups of some': (tree) => tree.listGroups(some, { limit: LIMIT }),
    projects: (tree) => tree.listProjects({ ...all, path: 'g050' }, { limit: LIMIT }),
    images: (tree) => tree.listImages(all, { limit: LIMIT, after: 'g070' }),
    'images of some': (tree) => tree.listImages(some, { limit: LIMIT }),
    'images of a project': (tree) => tree.listImages({ ...all, path: 'g050/p3' }, { limit: LIMIT }),
    'images by prefix': (tree) => tree.listImages(all, { limit: LIMIT, prefix: 'g05' }),
    tags: (tree) => tree.listTags(repository, byName),
    'tags, the newest first': (tree) =>
      tree.listTags(repository, { order: 'pushed', isDescending: true, limit: LIMIT }),
    'tags behind one in the middle': (tree) => {
      const after = { name: 'v010000' as never, pushedAt: new Date(Date.now() - 10_000_000) };
      return tree.listTags(repository, { ...byName, order: 'pushed', after });
    },
  };
  for (const [name, list] of Object.entries(lists)) {
    it(`read hardly more than they show: ${name}`, async () => {
      expect(await countRows(list)).to.be.lessThan(MOST_ROWS);
    });
  }
});

function sumRows({ 'Actual Rows': rows, 'Actual Loops': loops, Plans = [] }: Step): number {
  return Plans.reduce((sum, plan) => sum + sumRows(plan), rows * loops);
}
