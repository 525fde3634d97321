/** The ports that look at the same facts, opened in memory and in PostgreSQL. */
import { systemClock } from '../../src/clock.ts';
import type { Catalog } from '../../src/storage/catalog.ts';
import type { ChangeLog } from '../../src/storage/change-log.ts';
import type { GarbageReviews } from '../../src/storage/garbage.ts';
import type { GarbageBin } from '../../src/storage/garbage-bin.ts';
import type { Arrivals } from '../../src/storage/geo/arrivals.ts';
import type { Replicas } from '../../src/storage/geo/replicas.ts';
import type { Policies } from '../../src/storage/lifecycle/policies.ts';
import { MemoryCatalog } from '../../src/storage/memory/catalog.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryGarbageBin } from '../../src/storage/memory/garbage/bin.ts';
import { MemoryGarbageReviews } from '../../src/storage/memory/garbage/reviews.ts';
import { MemoryArrivals } from '../../src/storage/memory/geo/arrivals.ts';
import { MemoryPolicies } from '../../src/storage/memory/lifecycle/policies.ts';
import { MemoryMetadata } from '../../src/storage/memory/metadata.ts';
import { MemoryReplicas } from '../../src/storage/memory/replicas.ts';
import type { Metadata } from '../../src/storage/metadata.ts';
import { PostgresCatalog } from '../../src/storage/postgres/catalog.ts';
import { PostgresChangeLog } from '../../src/storage/postgres/change-log.ts';
import { Database } from '../../src/storage/postgres/database.ts';
import { PostgresGarbageBin } from '../../src/storage/postgres/garbage/bin.ts';
import { PostgresGarbageReviews } from '../../src/storage/postgres/garbage/reviews.ts';
import { PostgresArrivals } from '../../src/storage/postgres/geo/arrivals.ts';
import { PostgresPolicies } from '../../src/storage/postgres/lifecycle/policies.ts';
import { PostgresMetadata } from '../../src/storage/postgres/metadata.ts';
import { PostgresReplicas } from '../../src/storage/postgres/replicas.ts';
import type { Role } from '../../src/storage/sites.ts';
import { openTestDatabase } from './database.ts';

export interface FactPorts {
  readonly metadata: Metadata;
  readonly catalog: Catalog;
  readonly changeLog: ChangeLog;
  readonly replicas: Replicas;
  readonly arrivals: Arrivals;
  readonly garbageReviews: GarbageReviews;
  readonly garbageBin: GarbageBin;
  readonly policies: Policies;
  become(role: Role): Promise<void>;
  close(): Promise<void>;
}

export type OpenFacts = () => Promise<FactPorts>;

export async function openMemoryFacts(): Promise<FactPorts> {
  const facts = new MemoryFacts({ clock: systemClock });
  const garbageBin = new MemoryGarbageBin();
  return {
    metadata: new MemoryMetadata(facts),
    catalog: new MemoryCatalog(facts),
    changeLog: new MemoryChangeLog(facts),
    replicas: new MemoryReplicas(facts),
    arrivals: new MemoryArrivals(facts),
    garbageReviews: new MemoryGarbageReviews(facts, garbageBin),
    garbageBin,
    policies: new MemoryPolicies(facts),
    become: async (role) => {
      facts.role = role;
    },
    close: async () => {},
  };
}

export async function openPostgresFacts(): Promise<FactPorts> {
  const place = await openTestDatabase();
  const database = await Database.open({ url: place.url });
  const changeLog = new PostgresChangeLog(database);
  return {
    metadata: new PostgresMetadata(database),
    catalog: new PostgresCatalog(database),
    changeLog,
    replicas: new PostgresReplicas(database),
    arrivals: new PostgresArrivals(database),
    garbageReviews: new PostgresGarbageReviews(database),
    garbageBin: new PostgresGarbageBin(database),
    policies: new PostgresPolicies(database),
    become: async (role) => {
      await database.run((knex) => knex('log_head').update({ role }));
    },
    close: async () => {
      await changeLog.close();
      await database.close();
      await place.drop();
    },
  };
}
