/** Writers of facts about virtual registries; each says whether anything changed. */
import type { Knex } from 'knex';
import type { VirtualRegistry, VirtualUpstream } from '../../../oci/virtual-registry.ts';
import type { Fact } from '../../change-log.ts';
import { emptyCache, purgeCache } from './purge.ts';

export type VirtualFact = Extract<
  Fact,
  {
    kind:
      | 'upstream-recorded'
      | 'upstream-deleted'
      | 'virtual-registry-recorded'
      | 'virtual-registry-deleted'
      | 'cache-purged';
  }
>;

/** Writes the fact. Idempotent. @returns whether it changed a row; a purge always counts as one */
export async function applyVirtualFact(trx: Knex.Transaction, fact: VirtualFact): Promise<boolean> {
  switch (fact.kind) {
    case 'upstream-recorded':
      return writeUpstream(trx, fact.upstream);
    case 'upstream-deleted':
      return deleteUpstream(trx, fact.name);
    case 'virtual-registry-recorded':
      return writeRegistry(trx, fact.registry);
    case 'virtual-registry-deleted':
      return (await trx('virtual_registries').where({ name: fact.name }).delete()) > 0;
    default:
      await purgeCache(trx, fact.purge);
      return true;
  }
}

/** As `sourceOf` says it. */
const sourceIn = (origin: string) =>
  `coalesce(
    (${origin} ->> 'url')
      || CASE ${origin} ->> 'rewritesLibrary' WHEN 'true' THEN ' library' ELSE '' END,
    'local:' || (${origin} ->> 'prefix'))`;

/** What was cached of another place is no content of this one. */
const IS_ELSEWHERE = `
  SELECT ${sourceIn('origin')} <> ${sourceIn('CAST(:origin AS jsonb)')} AS "isElsewhere"
  FROM upstreams WHERE name = :name FOR UPDATE`;

/** Changes the row only where something in it differs, so that its count says whether it did. */
const WRITE_UPSTREAM = `
  INSERT INTO upstreams AS old (name, description, origin, validity_hours, negative_ttl_seconds,
    allow, deny, exclusive, when_gone, namespace, via_primary)
  VALUES (:name, :description, :origin, :validityHours, :negativeTtlSeconds,
    :allow, :deny, :exclusive, :whenGone, :namespace, :viaPrimary)
  ON CONFLICT (name) DO UPDATE SET description = excluded.description, origin = excluded.origin,
    validity_hours = excluded.validity_hours,
    negative_ttl_seconds = excluded.negative_ttl_seconds, allow = excluded.allow,
    deny = excluded.deny, exclusive = excluded.exclusive, when_gone = excluded.when_gone,
    namespace = excluded.namespace, via_primary = excluded.via_primary
  WHERE (old.*) IS DISTINCT FROM (excluded.*)`;

async function writeUpstream(trx: Knex.Transaction, upstream: VirtualUpstream): Promise<boolean> {
  const { name } = upstream;
  const origin = JSON.stringify(upstream.origin);
  const { rows } = await trx.raw(IS_ELSEWHERE, { name, origin });
  if (rows[0]?.isElsewhere) await emptyCache(trx, { upstream: name });
  const { rowCount } = await trx.raw(WRITE_UPSTREAM, {
    ...upstream,
    origin,
    allow: [...upstream.allow],
    deny: [...upstream.deny],
    exclusive: [...upstream.exclusive],
    namespace: upstream.namespace ?? null,
  });
  return rowCount > 0;
}

/** Its places in registries go with it. */
async function deleteUpstream(trx: Knex.Transaction, name: string): Promise<boolean> {
  await purgeCache(trx, { upstream: name });
  return (await trx('upstreams').where({ name }).delete()) > 0;
}

const WRITE_REGISTRY = `
  INSERT INTO virtual_registries AS old (name, description, is_public, unused_days, max_bytes)
  VALUES (:name, :description, :isPublic, :unusedDays, :maxBytes)
  ON CONFLICT (name) DO UPDATE SET description = excluded.description,
    is_public = excluded.is_public, unused_days = excluded.unused_days,
    max_bytes = excluded.max_bytes
  WHERE (old.*) IS DISTINCT FROM (excluded.*)`;

const PLACE_UPSTREAMS = `
  INSERT INTO virtual_registry_upstreams (registry, nth, upstream)
  SELECT :name, listed.nth, listed.upstream
  FROM unnest(CAST(:upstreams AS text[])) WITH ORDINALITY AS listed (upstream, nth)
  JOIN upstreams ON upstreams.name = listed.upstream`;

const PLACE_HOSTS = `
  INSERT INTO virtual_registry_hosts (host, registry, nth)
  SELECT host, :name, nth FROM unnest(CAST(:hosts AS text[])) WITH ORDINALITY AS listed (host, nth)
  ON CONFLICT (host) DO UPDATE SET registry = excluded.registry, nth = excluded.nth`;

/** What was listed before, to be compared with what shall be. */
const LISTED = `
  SELECT ARRAY(SELECT upstream FROM virtual_registry_upstreams
               WHERE registry = :name ORDER BY nth) = CAST(:upstreams AS text[])
     AND ARRAY(SELECT host FROM virtual_registry_hosts
               WHERE registry = :name ORDER BY nth) = CAST(:hosts AS text[]) AS "isSame"`;

/**
 * A page of a snapshot may name what another page brings or takes away later: an upstream that is
 * not here is passed over, and a host has its latest registry. The log brings both again.
 */
async function writeRegistry(trx: Knex.Transaction, registry: VirtualRegistry): Promise<boolean> {
  const { name, unusedDays = null, maxBytes = null } = registry;
  const lists = { name, upstreams: [...registry.upstreams], hosts: [...registry.hosts] };
  const { rowCount } = await trx.raw(WRITE_REGISTRY, { ...registry, unusedDays, maxBytes });
  const { rows } = await trx.raw(LISTED, lists);
  if (rows[0].isSame) return rowCount > 0;
  await trx('virtual_registry_upstreams').where({ registry: name }).delete();
  await trx('virtual_registry_hosts').where({ registry: name }).delete();
  await trx.raw(PLACE_UPSTREAMS, lists);
  await trx.raw(PLACE_HOSTS, lists);
  return true;
}
