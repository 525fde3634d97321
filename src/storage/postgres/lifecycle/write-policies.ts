/** Writers of policies; each says whether anything changed. */
import type { Knex } from 'knex';
import type { Policy, PolicyKey } from '../../../oci/lifecycle/policy.ts';

/** Changes the row only where something in it differs, so that its count says whether it did. */
const WRITE = `
  INSERT INTO policies AS old (path, kind, name, rule)
  VALUES (:path, :kind, :name, CAST(:rule AS jsonb))
  ON CONFLICT (path, kind, name) DO UPDATE SET rule = excluded.rule
  WHERE old.rule <> excluded.rule`;

const IN_TREE = `(:path = '' OR repository = :path OR starts_with(repository, :path || '/'))`;
const RANGE = `repository >= :path COLLATE "C" AND repository < :end COLLATE "C"`;

/** All at once; from then on triggers count what comes and goes. */
const COUNT = `
  INSERT INTO quota_usages (path, used_bytes)
  SELECT :path,
    (SELECT coalesce(sum(size_bytes), 0) FROM (
       SELECT DISTINCT ON (digest) size_bytes FROM blob_links
       WHERE ${RANGE} AND ${IN_TREE} ORDER BY digest
     ) AS blob)
    + (SELECT coalesce(sum(size_bytes), 0) FROM manifests WHERE ${RANGE} AND ${IN_TREE})
  ON CONFLICT (path) DO UPDATE SET used_bytes = excluded.used_bytes`;

export async function writePolicy(trx: Knex.Transaction, policy: Policy): Promise<boolean> {
  const { rowCount } = await trx.raw(WRITE, { ...policy, rule: JSON.stringify(policy) });
  if (policy.kind === 'quota') await countUsage(trx, policy.path);
  return rowCount > 0;
}

async function countUsage(trx: Knex.Transaction, path: string): Promise<void> {
  // Whoever writes links at another site, beside the lock of all policies, waits for the row.
  await trx.raw('INSERT INTO quota_usages VALUES (?, 0) ON CONFLICT DO NOTHING', [path]);
  await trx.raw('SELECT FROM quota_usages WHERE path = ? FOR UPDATE', [path]);
  await trx.raw(COUNT, { path, end: `${path === '' ? '' : `${path}/`}~` });
}

export async function deletePolicy(trx: Knex.Transaction, key: PolicyKey): Promise<boolean> {
  const { path, kind, name } = key;
  if (kind === 'quota') await trx('quota_usages').where({ path }).delete();
  return (await trx('policies').where({ path, kind, name }).delete()) > 0;
}
