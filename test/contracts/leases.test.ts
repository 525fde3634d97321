import { systemClock } from '../../src/clock.ts';
import { MemoryLeases } from '../../src/storage/memory/leases.ts';
import { Database } from '../../src/storage/postgres/database.ts';
import { PostgresLeases } from '../../src/storage/postgres/leases.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { describeLeasesContract } from './suites/leases.ts';

describeLeasesContract('memory', async () => new MemoryLeases({ clock: systemClock }));

describe('with a server', () => {
  let home: TestDatabase;
  let database: Database;

  describeLeasesContract('PostgreSQL', async () => {
    home = await openTestDatabase();
    database = await Database.open({ url: home.url });
    return new PostgresLeases(database);
  });

  after(async () => {
    await database.close();
    await home.drop();
  });
});
