/**
 * The ports of people and sites, opened in memory and in PostgreSQL, with the log they append to.
 */
import { systemClock } from '../../src/clock.ts';
import type { Accounts } from '../../src/storage/accounts.ts';
import type { ChangeLog } from '../../src/storage/change-log.ts';
import type { IdentityStore } from '../../src/storage/identity.ts';
import { MemoryAccounts } from '../../src/storage/memory/accounts.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryIdentityStore } from '../../src/storage/memory/identity.ts';
import { MemoryRefreshTokens } from '../../src/storage/memory/refresh-tokens.ts';
import { MemorySites } from '../../src/storage/memory/sites.ts';
import { PostgresAccounts } from '../../src/storage/postgres/accounts.ts';
import { PostgresChangeLog } from '../../src/storage/postgres/change-log.ts';
import { Database } from '../../src/storage/postgres/database.ts';
import { PostgresIdentityStore } from '../../src/storage/postgres/identity.ts';
import { PostgresRefreshTokens } from '../../src/storage/postgres/refresh-tokens.ts';
import { PostgresSites } from '../../src/storage/postgres/sites.ts';
import type { RefreshTokens } from '../../src/storage/refresh-tokens.ts';
import type { Sites } from '../../src/storage/sites.ts';
import { openTestDatabase } from './database.ts';

export interface PeoplePorts {
  readonly accounts: Accounts;
  readonly refreshTokens: RefreshTokens;
  readonly identityStore: IdentityStore;
  readonly sites: Sites;
  readonly changeLog: ChangeLog;
  close(): Promise<void>;
}

export type OpenPeople = () => Promise<PeoplePorts>;

export async function openMemoryPeople(): Promise<PeoplePorts> {
  const facts = new MemoryFacts({ clock: systemClock });
  return {
    accounts: new MemoryAccounts(facts),
    refreshTokens: new MemoryRefreshTokens(),
    identityStore: new MemoryIdentityStore(),
    sites: new MemorySites(facts),
    changeLog: new MemoryChangeLog(facts),
    close: async () => {},
  };
}

export async function openPostgresPeople(): Promise<PeoplePorts> {
  const { url, drop } = await openTestDatabase();
  const database = await Database.open({ url });
  const changeLog = new PostgresChangeLog(database);
  return {
    accounts: new PostgresAccounts(database),
    refreshTokens: new PostgresRefreshTokens(database),
    identityStore: new PostgresIdentityStore(database),
    sites: new PostgresSites(database),
    changeLog,
    close: async () => {
      await changeLog.close();
      await database.close();
      await drop();
    },
  };
}

/** What a method of the primary appended, applied to a secondary of the same kind. */
export async function replay(primary: PeoplePorts, secondary: PeoplePorts): Promise<void> {
  await secondary.sites.recordRole('secondary', 1);
  await secondary.changeLog.apply(await primary.changeLog.list({ after: 0, limit: 1000 }));
}
