/**
 * A page of tags and a page of the catalog, at 100,000 and at a tenth of it: what a page costs must
 * not grow with the whole. The rows are written straight into the database; the pages are read over
 * HTTP.
 */
import type { Client as Database } from 'pg';
import { expectStatus } from '../conformance/repository.ts';
import { median } from './load.ts';
import { withOwnDatabase } from './own-database.ts';
import type { Stand } from './stand.ts';
import { limitRow, type Row } from './table.ts';

const MANY = 100_000;
const FEW = 10_000;
const PAGES = 60;

/** Names are spread as real ones are: groups of a hundred projects. */
const REPOSITORY_NAME = `
  'g' || lpad((n / 100)::text, 4, '0') || '/p' || lpad((n % 100)::text, 2, '0')`;

export function benchLists(): Promise<Row[]> {
  return withOwnDatabase(async (ours, database) => {
    await seed(ours, database);
    return measure(ours, database);
  });
}

async function seed(ours: Stand, database: Database): Promise<void> {
  for (const [name, count] of [
    ['many', MANY],
    ['few', FEW],
  ] as const) {
    const { manifest } = await ours.repository(`tags/${name}`).pushImage('first');
    await database.query(
      `INSERT INTO tags (repository, name, digest)
       SELECT $1, 'v' || lpad(n::text, 6, '0'), $2 FROM generate_series(1, $3) n`,
      [`tags/${name}`, manifest.digest, count],
    );
  }
}

async function measure(ours: Stand, database: Database): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, count] of [
    ['few', FEW],
    ['many', MANY],
  ] as const) {
    await addRepositories(database, count);
    const path = (n: number) => `/v2/tags/${name}/tags/list?n=100&last=${tagName(n)}`;
    const tags = await pageTime(ours, count, path);
    const catalog = await pageTime(ours, count, (n) => `/v2/_catalog?n=100&last=${groupName(n)}`);
    rows.push(limitRow(`page of ${count} tags`, { ours: tags, unit: 'ms' }, 20));
    rows.push(limitRow(`page of ${count} repositories`, { ours: catalog, unit: 'ms' }, 20));
  }
  return rows;
}

const tagName = (n: number) => `v${String(n).padStart(6, '0')}`;
const groupName = (n: number) => `g${String(Math.floor(n / 100)).padStart(4, '0')}%2Fp00`;

async function addRepositories(database: Database, count: number): Promise<void> {
  await database.query(
    `INSERT INTO repositories (name) SELECT ${REPOSITORY_NAME} FROM generate_series(0, $1 - 1) n
     ON CONFLICT DO NOTHING`,
    [count],
  );
  await database.query('ANALYZE');
}

/** Milliseconds of a page, the middle of pages from all over the list. */
async function pageTime(
  ours: Stand,
  count: number,
  path: (start: number) => string,
): Promise<number> {
  const times: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    const url = path(Math.floor((count * page) / PAGES));
    const started = performance.now();
    expectStatus(await ours.client.send('GET', url), 200);
    times.push(performance.now() - started);
  }
  return median(times);
}
