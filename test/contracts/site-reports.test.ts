import { MemorySiteReports } from '../../src/storage/memory/geo/site-reports.ts';
import { Database } from '../../src/storage/postgres/database.ts';
import { PostgresSiteReports } from '../../src/storage/postgres/geo/site-reports.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { describeSiteReportsContract } from './suites/site-reports.ts';

describeSiteReportsContract('memory', async () => new MemorySiteReports());

describe('with a server', () => {
  let home: TestDatabase;
  let database: Database;

  describeSiteReportsContract('PostgreSQL', async () => {
    home = await openTestDatabase();
    database = await Database.open({ url: home.url });
    return new PostgresSiteReports(database);
  });

  after(async () => {
    await database.close();
    await home.drop();
  });
});
