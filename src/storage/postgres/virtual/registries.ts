/**
 * `VirtualRegistries` in PostgreSQL: the tables `upstreams`, `virtual_registries`, and which
 * upstream and which host belongs to which registry.
 */
import type { Purge, VirtualRegistry, VirtualUpstream } from '../../../oci/virtual-registry.ts';
import type { RecordOutcome, VirtualRegistries } from '../../virtual/registries.ts';
import type { Database, Statement } from '../database.ts';
import { appendChanges } from '../facts/append.ts';
import { applyVirtualFact, type VirtualFact } from './write-facts.ts';

export const REGISTRY = `name, description,
  ARRAY(SELECT upstream FROM virtual_registry_upstreams
        WHERE registry = name ORDER BY nth) AS upstreams,
  ARRAY(SELECT host FROM virtual_registry_hosts WHERE registry = name ORDER BY nth) AS hosts,
  is_public AS "isPublic", unused_days AS "unusedDays", max_bytes AS "maxBytes"`;
export const UPSTREAM = `name, description, origin, validity_hours AS "validityHours",
  negative_ttl_seconds AS "negativeTtlSeconds", allow, deny, exclusive,
  when_gone AS "whenGone", namespace, via_primary AS "viaPrimary"`;

const FIND_REGISTRY: Statement = {
  name: 'find-virtual-registry',
  text: `SELECT ${REGISTRY} FROM virtual_registries WHERE name = $1`,
};
const FIND_OF_HOST: Statement = {
  name: 'find-virtual-registry-of-host',
  text: `SELECT ${REGISTRY} FROM virtual_registries
         WHERE name = (SELECT registry FROM virtual_registry_hosts WHERE host = $1)`,
};
const LIST_REGISTRIES: Statement = {
  name: 'list-virtual-registries',
  text: `SELECT ${REGISTRY} FROM virtual_registries WHERE name > $1 ORDER BY name LIMIT $2`,
};
const FIND_UPSTREAM: Statement = {
  name: 'find-upstream',
  text: `SELECT ${UPSTREAM} FROM upstreams WHERE name = $1`,
};
const LIST_UPSTREAMS: Statement = {
  name: 'list-upstreams',
  text: `SELECT ${UPSTREAM} FROM upstreams WHERE name > $1 ORDER BY name LIMIT $2`,
};

/**
 * The upstreams stay until the commit, and whoever records a registry at the same time waits: so no
 * two take one host. What stands against it comes in the order of the registry's own lists.
 */
const FIND_UNKNOWN = `
  SELECT listed.name FROM unnest(CAST(? AS text[])) WITH ORDINALITY AS listed (name, nth)
  WHERE NOT EXISTS (SELECT FROM upstreams WHERE upstreams.name = listed.name)
  ORDER BY nth LIMIT 1`;
const FIND_TAKEN = `
  SELECT host, taken.registry
  FROM unnest(CAST(? AS text[])) WITH ORDINALITY AS listed (host, nth)
  JOIN virtual_registry_hosts AS taken USING (host)
  WHERE taken.registry <> ? ORDER BY listed.nth LIMIT 1`;

interface Page {
  readonly after?: string;
  readonly limit: number;
}

export class PostgresVirtualRegistries implements VirtualRegistries {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  findRegistry(name: string): Promise<VirtualRegistry | undefined> {
    return this.#find(FIND_REGISTRY, name);
  }

  findRegistryOfHost(host: string): Promise<VirtualRegistry | undefined> {
    return this.#find(FIND_OF_HOST, host);
  }

  listRegistries(page: Page): Promise<VirtualRegistry[]> {
    return this.#list(LIST_REGISTRIES, page);
  }

  recordRegistry(registry: VirtualRegistry): Promise<RecordOutcome> {
    return this.#database.transaction(async (trx) => {
      await trx.raw("SELECT pg_advisory_xact_lock(hashtextextended('virtual-registries', 0))");
      await trx.raw('SELECT FROM upstreams WHERE name = ANY(?) ORDER BY name FOR KEY SHARE', [
        [...registry.upstreams],
      ]);
      const unknown = await trx.raw(FIND_UNKNOWN, [[...registry.upstreams]]);
      const taken = await trx.raw(FIND_TAKEN, [[...registry.hosts], registry.name]);
      const fact = { kind: 'virtual-registry-recorded', registry } as const;
      const isGood = unknown.rows.length + taken.rows.length === 0;
      const isChanged = isGood && (await applyVirtualFact(trx, fact));
      await appendChanges(trx, isChanged ? [fact] : []);
      if (unknown.rows[0]) return { kind: 'unknown-upstream', ...unknown.rows[0] };
      return taken.rows[0] ? { kind: 'host-taken', ...taken.rows[0] } : { kind: 'recorded' };
    });
  }

  deleteRegistry(name: string): Promise<boolean> {
    return this.#change({ kind: 'virtual-registry-deleted', name });
  }

  findUpstream(name: string): Promise<VirtualUpstream | undefined> {
    return this.#find(FIND_UPSTREAM, name);
  }

  listUpstreams(page: Page): Promise<VirtualUpstream[]> {
    return this.#list(LIST_UPSTREAMS, page);
  }

  async recordUpstream(upstream: VirtualUpstream): Promise<void> {
    await this.#change({ kind: 'upstream-recorded', upstream });
  }

  deleteUpstream(name: string): Promise<boolean> {
    return this.#change({ kind: 'upstream-deleted', name });
  }

  async purge(purge: Purge): Promise<void> {
    await this.#change({ kind: 'cache-purged', purge });
  }

  async #find<Found extends object>(
    statement: Statement,
    name: string,
  ): Promise<Found | undefined> {
    const [row] = await this.#database.query<Found>(statement, [name]);
    return row && withoutNulls(row);
  }

  async #list<Found extends object>(
    statement: Statement,
    { after = '', limit }: Page,
  ): Promise<Found[]> {
    return (await this.#database.query<Found>(statement, [after, limit])).map(withoutNulls);
  }

  /** @returns whether anything changed; then it is in the log. */
  #change(fact: VirtualFact): Promise<boolean> {
    return this.#database.transaction(async (trx) => {
      const isChanged = await applyVirtualFact(trx, fact);
      await appendChanges(trx, isChanged ? [fact] : []);
      return isChanged;
    });
  }
}

/** What a row has no value of is absent in the port's words. */
export function withoutNulls<Row extends object>(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row;
}
