/** `VirtualCounts` in PostgreSQL: the table `virtual_counts`, which no fact touches. */
import { NO_COUNTS, type RegistryCounts, type VirtualCounts } from '../../virtual/counts.ts';
import type { Database, Statement } from '../database.ts';

/** In order, so that no two processes wait for each other. */
const ADD: Statement = {
  name: 'add-virtual-counts',
  text: `INSERT INTO virtual_counts AS old (registry, hits, stale, misses, bytes_to_clients,
           bytes_from_upstreams, calls_saved)
         SELECT more.*
         FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                     $6::bigint[], $7::bigint[]) AS more (registry)
         WHERE EXISTS (SELECT FROM virtual_registries WHERE name = more.registry)
         ORDER BY more.registry
         ON CONFLICT (registry) DO UPDATE SET hits = old.hits + excluded.hits,
           stale = old.stale + excluded.stale, misses = old.misses + excluded.misses,
           bytes_to_clients = old.bytes_to_clients + excluded.bytes_to_clients,
           bytes_from_upstreams = old.bytes_from_upstreams + excluded.bytes_from_upstreams,
           calls_saved = old.calls_saved + excluded.calls_saved`,
};
const FIND: Statement = {
  name: 'find-virtual-counts',
  text: `SELECT hits, stale, misses, bytes_to_clients AS "bytesToClients",
                bytes_from_upstreams AS "bytesFromUpstreams", calls_saved AS "callsSaved"
         FROM virtual_counts WHERE registry = $1`,
};

export class PostgresVirtualCounts implements VirtualCounts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(counts: ReadonlyMap<string, RegistryCounts>): Promise<void> {
    const all = [...counts.values()];
    await this.#database.query(ADD, [
      [...counts.keys()],
      all.map(({ hits }) => hits),
      all.map(({ stale }) => stale),
      all.map(({ misses }) => misses),
      all.map(({ bytesToClients }) => bytesToClients),
      all.map(({ bytesFromUpstreams }) => bytesFromUpstreams),
      all.map(({ callsSaved }) => callsSaved),
    ]);
  }

  async find(registry: string): Promise<RegistryCounts> {
    const [row] = await this.#database.query<Record<keyof RegistryCounts, number>>(FIND, [
      registry,
    ]);
    return row ?? NO_COUNTS;
  }
}
