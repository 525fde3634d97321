/**
 * What is done to whole parts of the tree of names: a project of 10,000 tags gets another name and
 * goes, and a tree of 100,000 images is summed up. The rows are written straight into the database.
 */
import type { Client as Database } from 'pg';
import { expectStatus } from '../../conformance/repository.ts';
import { withOwnDatabase } from '../own-database.ts';
import type { Stand } from '../stand.ts';
import { limitRow, type Row } from '../table.ts';

const TAGS = 10_000;
const IMAGES = 100_000;
/** > deleting a project of 10,000 tags within 5 s */
const MOST_DELETE_MS = 5000;
const MOST_MOVE_MS = 15_000;
const MOST_SUM_MS = 3000;

const digest = (word: string) => `'sha256:' || lpad(md5('${word}' || n), 64, '0')`;

/** A hundred images of a hundred tags; each manifest has a config of its own and shares layers. */
const PROJECT_NAME = "'shop/web/i' || n / 100";
/** All below one path; each has a config of its own and one of 3,000 layers. */
const TREE_NAME = "'all/g' || n / 1000 || '/p' || (n / 100) % 10 || '/i' || n % 100";

export function benchEdits(): Promise<Row[]> {
  return withOwnDatabase(async (ours, database) => {
    // Nothing is asked of these that triggers would have to count.
    await database.query('SET session_replication_role = replica');
    await seed(database, { name: TREE_NAME, count: IMAGES, layers: 'n % 3000' });
    await database.query('RESET session_replication_role');
    const project = { name: PROJECT_NAME, count: TAGS, layers: '10000 + n % 500' };
    await seed(database, project);
    await database.query('ANALYZE');
    const move = { method: 'PATCH', path: '/api/v1/trees/shop/web', body: { path: 'shop/new' } };
    const remove = { method: 'DELETE', path: '/api/v1/trees/shop/new' };
    const sum = { method: 'GET', path: '/api/v1/sizes?tree=all' };
    const row = async (what: string, call: Call, most: number) =>
      limitRow(what, { ours: await timeOf(ours, call), unit: 'ms' }, most);
    return [
      await row(`size of a tree of ${IMAGES} images`, sum, MOST_SUM_MS),
      await row(`move of a project of ${TAGS} tags`, move, MOST_MOVE_MS),
      await row(`deletion of a project of ${TAGS} tags`, remove, MOST_DELETE_MS),
    ];
  });
}

interface Seed {
  readonly name: string;
  readonly count: number;
  readonly layers: string;
}

/** One manifest with one tag for each number, in the repository that the number says. */
async function seed(database: Database, { name, count, layers }: Seed): Promise<void> {
  const numbers = `generate_series(0, ${count - 1}) AS n`;
  const layer = `'sha256:' || lpad(md5('layer' || (${layers})), 64, '0')`;
  const own = digest(`config ${count} `);
  const manifest = digest(`manifest ${count} `);
  for (const statement of [
    `INSERT INTO repositories (name) SELECT DISTINCT ${name} FROM ${numbers}`,
    `INSERT INTO blobs (digest, size_bytes, verified_at)
     SELECT ${own}, 1000, now() FROM ${numbers}
     UNION SELECT ${layer}, 1000000, now() FROM ${numbers}`,
    `INSERT INTO blob_links (repository, digest, size_bytes)
     SELECT ${name}, ${own}, 1000 FROM ${numbers}
     UNION SELECT ${name}, ${layer}, 1000000 FROM ${numbers}`,
    `INSERT INTO manifests (repository, digest, media_type, size_bytes, content, annotations)
     SELECT ${name}, ${manifest}, 'application/vnd.oci.image.manifest.v1+json', 1600,
       convert_to(repeat(md5(CAST(n AS text)), 50), 'UTF8'), '{}' FROM ${numbers}`,
    `INSERT INTO manifest_edges (repository, parent, child, is_manifest)
     SELECT ${name}, ${manifest}, ${own}, false FROM ${numbers}
     UNION ALL SELECT ${name}, ${manifest}, ${layer}, false FROM ${numbers}`,
    `INSERT INTO tags (repository, name, digest)
     SELECT ${name}, 'v' || n, ${manifest} FROM ${numbers}`,
  ]) {
    await database.query(statement);
  }
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

/** Milliseconds until it is answered. */
async function timeOf({ client }: Stand, { method, path, body }: Call): Promise<number> {
  const { user = '', password = '' } = client.credentials ?? {};
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const content = body && { body: Buffer.from(JSON.stringify(body)) };
  const headers = { 'content-type': 'application/json' };
  const started = performance.now();
  expectStatus(await client.send(method, path, { authorization, headers, ...content }), 200);
  return performance.now() - started;
}
