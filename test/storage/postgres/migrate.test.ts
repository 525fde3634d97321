import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect } from 'chai';
import { migrations } from '../../../migrations/index.ts';
import { StorageUnavailable } from '../../../src/storage/failure.ts';
import { Database } from '../../../src/storage/postgres/database.ts';
import { migrate } from '../../../src/storage/postgres/migrate.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

const TABLES = `SELECT count(*) AS count FROM information_schema.tables
                WHERE table_schema = 'public'`;

describe('migrate', () => {
  let place: TestDatabase;
  let database: Database;

  beforeEach(async () => {
    place = await openTestDatabase();
    database = await Database.open({ url: place.url });
  });
  afterEach(async () => {
    await database.close();
    await place.drop();
  });

  const countTables = async () => {
    const [row] = await database.query<{ count: number }>({ name: 'count-tables', text: TABLES });
    return row!.count;
  };

  it('knows every file of the folders, in order', async () => {
    const root = new URL('../../../migrations/', import.meta.url);
    const paths = await readdir(root, { recursive: true });
    const files = paths
      .map((path) => basename(path))
      .filter((name) => /^\d{4}-.*\.js$/.test(name))
      .sort();
    expect(Object.keys(migrations)).to.deep.equal(files.map((name) => name.replace(/\.js$/, '')));
  });

  it('may be run by several processes at once, and again', async () => {
    const tables = await countTables();
    await database.run((knex) => knex.raw('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
    await Promise.all([migrate(place.url), migrate(place.url), migrate(place.url)]);
    await migrate(place.url);
    expect(await countTables()).to.equal(tables);
  });

  it('goes on where a process was killed while it migrated', async () => {
    await database.run((knex) => knex('knex_migrations_lock').update({ is_locked: 1 }));
    await migrate(place.url);
  });

  it('says that the database is away', async () => {
    const reason: unknown = await migrate('postgres://nobody@localhost:1/nothing').catch(
      (error: unknown) => error,
    );
    expect(reason).to.be.instanceOf(StorageUnavailable);
  });

  it('can be taken back, each migration on its own', async () => {
    await database.transaction(async (trx) => {
      const loaded = Object.values(migrations);
      for (const { down } of loaded.toReversed()) await down!(trx);
      const { rows } = await trx.raw(TABLES);
      // What is left is knex's own two.
      expect(rows[0].count).to.equal(2);
      for (const { up } of loaded) await up(trx);
    });
  });
});
