/**
 * How many bytes lie in each tree that has a quota: each blob once, each manifest in each
 * repository. Triggers count, whoever writes, at every site. The rows of the quotas that a write
 * concerns are locked first, so the counts of those that write at once are true in turn.
 */
import type { Knex } from 'knex';

const IN_TREE = (name: string, path: string) =>
  `(${path} = '' OR ${name} = ${path} OR starts_with(${name}, ${path} || '/'))`;

/** How many links to the blob lie in the tree of the quota; counted no further than to a limit. */
const COUNT_LINKS = (limit: string) => `
  (SELECT count(*) FROM (
     SELECT FROM blob_links AS link
     WHERE link.digest = one.digest AND link.repository >= quota.path COLLATE "C"
       AND link.repository < (CASE quota.path WHEN '' THEN '' ELSE quota.path || '/' END || '~')
           COLLATE "C"
       AND ${IN_TREE('link.repository', 'quota.path')}
     LIMIT ${limit}
   ) AS counted)`;

const LOCK = `
  PERFORM FROM quota_usages AS quota
  WHERE EXISTS (SELECT FROM touched WHERE ${IN_TREE('touched.repository', 'quota.path')})
  ORDER BY path FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;`;

/** @param change of the count, for the blobs that are the first or the last of their tree */
const COUNT_BLOBS = (change: string, isFirstOrLast: string) => `
  UPDATE quota_usages AS usage SET used_bytes = used_bytes ${change} counted.bytes
  FROM (
    SELECT quota.path, sum(one.size_bytes) AS bytes
    FROM quota_usages AS quota CROSS JOIN LATERAL (
      SELECT digest, max(size_bytes) AS size_bytes, count(*) AS links FROM touched
      WHERE ${IN_TREE('touched.repository', 'quota.path')} GROUP BY digest
    ) AS one
    WHERE ${isFirstOrLast} GROUP BY quota.path
  ) AS counted
  WHERE usage.path = counted.path;`;

const COUNT_MANIFESTS = (change: string) => `
  UPDATE quota_usages AS usage SET used_bytes = used_bytes ${change} counted.bytes
  FROM (
    SELECT quota.path, sum(touched.size_bytes) AS bytes
    FROM quota_usages AS quota
    JOIN touched ON ${IN_TREE('touched.repository', 'quota.path')} GROUP BY quota.path
  ) AS counted
  WHERE usage.path = counted.path;`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE quota_usages (
      path text COLLATE "C" PRIMARY KEY,
      used_bytes bigint NOT NULL
    )`);
  await countAfter(knex, 'blob_links', {
    insert: COUNT_BLOBS('+', `one.links = ${COUNT_LINKS('one.links + 1')}`),
    delete: COUNT_BLOBS('-', `0 = ${COUNT_LINKS('1')}`),
  });
  await countAfter(knex, 'manifests', {
    insert: COUNT_MANIFESTS('+'),
    delete: COUNT_MANIFESTS('-'),
  });
}

async function countAfter(
  knex: Knex,
  table: string,
  counts: Readonly<Record<'insert' | 'delete', string>>,
): Promise<void> {
  for (const [event, count] of Object.entries(counts)) {
    const name = `count_${event}ed_${table}`;
    await knex.raw(`
      CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        ${LOCK}
        ${count}
        RETURN NULL;
      END $$`);
    await knex.raw(`
      CREATE TRIGGER ${name} AFTER ${event.toUpperCase()} ON ${table}
      REFERENCING ${event === 'insert' ? 'NEW' : 'OLD'} TABLE AS touched
      FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['blob_links', 'manifests']) {
    for (const event of ['insert', 'delete']) {
      await knex.raw(`DROP TRIGGER count_${event}ed_${table} ON ${table}`);
      await knex.raw(`DROP FUNCTION count_${event}ed_${table}`);
    }
  }
  await knex.raw('DROP TABLE quota_usages');
}
