/**
 * Pages of the tree of names, with 100,000 images in 1,000 projects. The rows are written straight
 * into the database; the pages are read over HTTP.
 */
import type { Client as Database } from 'pg';
import { expectStatus } from '../conformance/repository.ts';
import { median } from './load.ts';
import { withOwnDatabase } from './own-database.ts';
import type { Stand } from './stand.ts';
import { limitRow, type Row } from './table.ts';

const IMAGES = 100_000;
const PAGES = 60;
/** > 100,000 images in 1,000 projects: each list page within 30 ms */
const MOST_MS = 30;

/** A hundred groups of ten projects of a hundred images, each with a tag. */
const NAME = `'g' || lpad((n / 1000)::text, 2, '0') || '/p' || (n / 100) % 10 ||
              '/i' || lpad((n % 100)::text, 2, '0')`;

export function benchTree(): Promise<Row[]> {
  return withOwnDatabase(async (ours, database) => {
    await seed(ours, database);
    return measure(ours);
  });
}

/** Every image is a copy of one that was pushed. */
async function seed(ours: Stand, database: Database): Promise<void> {
  await ours.repository('seed/one').pushImage('first');
  const names = `SELECT ${NAME} AS name FROM generate_series(0, ${IMAGES - 1}) AS n`;
  await database.query(`INSERT INTO repositories (name) ${names}`);
  for (const [table, columns] of [
    ['blob_links', 'digest, size_bytes'],
    ['manifests', 'digest, media_type, size_bytes, content, artifact_type, annotations'],
    ['manifest_edges', 'parent, child, is_manifest'],
    ['tags', 'name, digest'],
  ] as const) {
    await database.query(
      `INSERT INTO ${table} (repository, ${columns})
       SELECT names.name, ${columns
         .split(', ')
         .map((column) => `one.${column}`)
         .join(', ')}
       FROM (${names}) AS names CROSS JOIN ${table} AS one WHERE one.repository = 'seed/one'`,
    );
  }
  await database.query(
    `INSERT INTO tags (repository, name, digest, pushed_at)
     SELECT repository, 'v' || lpad(n::text, 6, '0'), digest, now() - n * interval '1 s'
     FROM tags CROSS JOIN generate_series(1, ${IMAGES}) AS n WHERE repository = 'seed/one'
     ON CONFLICT DO NOTHING`,
  );
  await database.query('ANALYZE');
}

const group = (nth: number) => `g${String(nth % 100).padStart(2, '0')}`;
const tag = (nth: number) => `v${String((nth * 1600) % IMAGES).padStart(6, '0')}`;

async function measure(ours: Stand): Promise<Row[]> {
  const tags = '/api/v1/repositories/seed/one/tags?n=100';
  const lists: Record<string, (nth: number) => string> = {
    groups: (nth) => `/api/v1/groups?n=100&last=${group(nth)}`,
    projects: (nth) => `/api/v1/projects?group=${group(nth)}`,
    'images of a project': (nth) => `/api/v1/repositories?n=100&tree=${group(nth)}/p3`,
    'all images': (nth) => `/api/v1/repositories?n=100&last=${group(nth)}`,
    'images by prefix': (nth) => `/api/v1/repositories?n=100&prefix=${group(nth)}/p`,
    'images by a text': (nth) => `/api/v1/repositories?n=100&search=p3/i${10 + (nth % 80)}`,
    tags: (nth) => `${tags}&last=${tag(nth)},0`,
    'newest tags': () => `${tags}&sort=-pushed`,
  };
  const rows: Row[] = [];
  for (const [name, path] of Object.entries(lists)) {
    const ms = await pageTime(ours, path);
    rows.push(limitRow(`page of ${name}, ${IMAGES} in all`, { ours: ms, unit: 'ms' }, MOST_MS));
  }
  return rows;
}

/** Milliseconds of a page, the middle of pages from all over the list. */
async function pageTime(ours: Stand, path: (nth: number) => string): Promise<number> {
  const times: number[] = [];
  for (let nth = 0; nth < PAGES; nth++) {
    const started = performance.now();
    expectStatus(await ours.client.send('GET', path(nth)), 200);
    times.push(performance.now() - started);
  }
  return median(times);
}
