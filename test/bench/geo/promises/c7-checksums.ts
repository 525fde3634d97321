/**
 * C7: two sites with a million facts compare themselves. The rows are written straight into both
 * databases; the order goes over HTTP, as an administrator gives it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Database } from 'pg';
import { send } from '../../../two-sites/client.ts';
import { type GeoSite, type GeoStand, startSites } from '../stand.ts';
import { atLeast, atMost, type BenchOptions, type GeoRow } from '../table.ts';

const ROUND_TRIP_MS = 20;
const MB = 1_000_000;

/** Of each repository: itself, and in it so many of each sort, five blobs to a manifest. */
const EACH = { manifests: 700, tags: 800, links: 3499 } as const;
const ROWS_A_REPOSITORY = 5000;

/** Nobody waits for the disk, for triggers or for foreign keys while the tables are filled. */
const QUICKLY = 'SET synchronous_commit = off; SET session_replication_role = replica';

/** Some 600 bytes, as manifests have them. */
const CONTENT = `convert_to('{"schemaVersion":2,"n":"' || r || '-' || n || '","x":"' ||
  repeat('0123456789abcdef', 36) || '"}', 'UTF8')`;

const digestOf = (word: string) =>
  `'sha256:' || encode(sha256(convert_to(${word}, 'UTF8')), 'hex')`;

/** Made of numbers alone, so they are the same at both sites. */
function fillings(repositories: number): string[] {
  const names = `(SELECT r, 'team' || r % 20 || '/app' || r AS name
    FROM generate_series(1, ${repositories}) r) AS named`;
  return [
    `INSERT INTO repositories (name) SELECT name FROM ${names}`,
    `INSERT INTO manifests (repository, digest, media_type, size_bytes, content, annotations)
     SELECT name, 'sha256:' || encode(sha256(content), 'hex'),
       'application/vnd.oci.image.manifest.v1+json', length(content), content, '{}'
     FROM (SELECT name, ${CONTENT} AS content
           FROM ${names}, generate_series(1, ${EACH.manifests}) n) AS made ORDER BY 1, 2`,
    `INSERT INTO blob_links (repository, digest, size_bytes)
     SELECT name, ${digestOf("r || '-' || n")}, 1000 + n
     FROM ${names}, generate_series(1, ${EACH.links}) n ORDER BY 1, 2`,
    `INSERT INTO tags (repository, name, digest, pushed_at)
     SELECT name, 'v' || lpad(n::text, 5, '0'), (SELECT digest FROM manifests
       WHERE repository = name ORDER BY digest LIMIT 1), '2026-01-01T00:00:00Z'
     FROM ${names}, generate_series(1, ${EACH.tags}) n ORDER BY 1, 2`,
    'VACUUM ANALYZE',
  ];
}

/** The n-th of each kind of damage lies in the n-th repository, or in its row of that number. */
const DAMAGES = [
  ['missing tag', `DELETE FROM tags WHERE ctid = ANY(ARRAY(SELECT pick('tags', 0, $1)))`],
  [
    'wrong tag',
    `UPDATE tags SET digest = (SELECT digest FROM manifests
     WHERE manifests.repository = tags.repository ORDER BY digest DESC LIMIT 1)
     WHERE ctid = ANY(ARRAY(SELECT pick('tags', 1, $1)))`,
  ],
  [
    'extra tag',
    `INSERT INTO tags SELECT repository, name || '-none', digest FROM tags
     WHERE ctid = ANY(ARRAY(SELECT pick('tags', 2, $1)))`,
  ],
  [
    'missing manifest',
    `DELETE FROM manifests WHERE ctid = ANY(ARRAY(SELECT pick('manifests', 0, $1)))`,
  ],
  [
    'wrong bytes of a manifest',
    `UPDATE manifests SET content = set_byte(content, 9, 0)
     WHERE ctid = ANY(ARRAY(SELECT pick('manifests', 1, $1)))`,
  ],
  [
    'extra manifest',
    `INSERT INTO manifests (repository, digest, media_type, size_bytes, content,
       annotations)
     SELECT repository, 'sha256:' || encode(sha256(convert_to(digest, 'UTF8')), 'hex'), media_type,
       size_bytes, content, '{}'
     FROM manifests WHERE ctid = ANY(ARRAY(SELECT pick('manifests', 2, $1)))`,
  ],
] as const;

/** Rows that are spread over the whole table; no tag points to a manifest among them. */
const PICK = `CREATE FUNCTION pick(of_table text, kind integer, wanted integer) RETURNS SETOF tid
  LANGUAGE plpgsql AS $$
  DECLARE total bigint;
  BEGIN
    EXECUTE format('SELECT count(*) FROM %I', of_table) INTO total;
    RETURN QUERY EXECUTE format('
        SELECT ctid FROM (SELECT ctid, row_number() OVER (ORDER BY repository, %I) AS nth,
          row_number() OVER (PARTITION BY repository ORDER BY %I) AS own FROM %I) AS numbered
        WHERE own > 3 AND nth %% greatest(10, $1 / $2 * 9 / 10) = 5 + $3 LIMIT $2',
      CASE of_table WHEN 'tags' THEN 'name' ELSE 'digest' END,
      CASE of_table WHEN 'tags' THEN 'name' ELSE 'digest' END, of_table)
    USING total, wanted, kind;
  END $$`;

export async function benchChecksums({ isSmall }: BenchOptions): Promise<GeoRow[]> {
  const repositories = isSmall ? 4 : 200;
  const many = isSmall ? 20 : 1000;
  await using stand = await startSites({ secondaries: 1, roundTripMs: ROUND_TRIP_MS });
  const [secondary] = stand.secondaries as [GeoSite];
  for (const site of [stand.primary, secondary])
    await run(site, [QUICKLY, ...fillings(repositories)]);
  await run(secondary, [PICK]);
  const facts = repositories * ROWS_A_REPOSITORY;
  const rows: GeoRow[] = [];
  await compare(stand, secondary);
  await damage(secondary, 2, DAMAGES.slice(0, 5));
  const few = await compare(stand, secondary);
  const done = `${facts} facts at each of two sites, ${ROUND_TRIP_MS} ms between them`;
  const promise = 'C7 few';
  rows.push(
    atLeast(10, { promise, done: `10 differences in ${done}`, value: few.found, unit: 'found' }),
    atMost(1, { promise, done: 'bytes on the line', value: few.bytes / MB, unit: 'MB' }),
    atMost(2, { promise, done: 'from the order to its outcome', value: few.seconds, unit: 's' }),
  );
  let [found, invented] = [0, 0];
  for (const one of DAMAGES) {
    await damage(secondary, many, [one]);
    const outcome = await compare(stand, secondary);
    found += Math.min(outcome.found, many);
    invented += Math.max(0, outcome.found - many) + (await compare(stand, secondary)).found;
  }
  const kinds = `${DAMAGES.length} kinds of damage, ${many} each, in ${done}`;
  rows.push(
    atLeast(DAMAGES.length * many, { promise: 'C7 all', done: kinds, value: found, unit: 'found' }),
    atMost(0, { promise: 'C7 all', done: kinds, value: invented, unit: 'invented' }),
  );
  return rows;
}

type Damage = (typeof DAMAGES)[number];

async function damage(site: GeoSite, count: number, kinds: readonly Damage[]): Promise<void> {
  const statements = kinds.map(([, text]) => text.replaceAll('$1', String(count)));
  await run(site, [QUICKLY, ...statements]);
}

async function run({ databaseUrl }: GeoSite, statements: readonly string[]): Promise<void> {
  const database = new Database({ connectionString: databaseUrl });
  await database.connect();
  try {
    for (const text of statements) await database.query(text);
  } finally {
    await database.end();
  }
}

interface Comparison {
  readonly seconds: number;
  readonly bytes: number;
  readonly found: number;
}

/** From the order at the primary until the site's database says what came of it. */
async function compare({ primary }: GeoStand, site: GeoSite): Promise<Comparison> {
  const database = new Database({ connectionString: site.databaseUrl });
  await database.connect();
  try {
    const line = site.line!;
    line.resetCount();
    const begun = performance.now();
    const id = await giveOrder(primary, site);
    for (;;) {
      const { rows } = await database.query<{ outcome: string }>(
        "SELECT outcome FROM site_orders WHERE id = $1 AND state <> 'waiting'",
        [id],
      );
      if (rows[0]) {
        const seconds = (performance.now() - begun) / 1000;
        const { toTarget, fromTarget } = line.count;
        process.stderr.write(`  ${seconds.toFixed(2)} s: ${rows[0].outcome}\n`);
        const [, found] = /: ([0-9]+) differed/.exec(rows[0].outcome) ?? [];
        return { seconds, bytes: toTarget + fromTarget, found: Number(found) };
      }
      await sleep(10);
    }
  } finally {
    await database.end();
  }
}

/** @returns the id of the order */
async function giveOrder({ url }: GeoSite, { name }: GeoSite): Promise<string> {
  const answer = await send(`${url}/api/v1/sites/${name}/orders`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'reconcile' }),
    headers: { 'content-type': 'application/json' },
  });
  return ((await answer.json()) as { readonly id: string }).id;
}
