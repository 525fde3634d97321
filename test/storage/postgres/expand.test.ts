import { expect } from 'chai';
import { Client } from 'pg';
import { migrations } from '../../../migrations/index.ts';
import { migrate } from '../../../src/storage/postgres/migrate.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

/** From here on each migration has to leave programs of before at work. */
const RELEASED = '0061-tag-pushes';

interface Column {
  readonly name: string;
  readonly type: string;
  /** Whether a row may be written by somebody who does not know of it. */
  readonly mayBeLeftOut: boolean;
}

const COLUMNS = `
  SELECT relname || '.' || attname AS name, format_type(atttypid, atttypmod) AS type,
    NOT attnotnull OR atthasdef OR attidentity <> '' AS "mayBeLeftOut"
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND attnum > 0 AND NOT attisdropped AND relname NOT LIKE 'knex_%'`;

function findBreaks(before: readonly Column[], after: readonly Column[]): string[] {
  const now = new Map(after.map((column) => [column.name, column]));
  const tables = new Set(before.map(({ name }) => name.split('.')[0]));
  const known = new Set(before.map(({ name }) => name));
  const changed = before.flatMap(({ name, type, mayBeLeftOut }) => {
    const column = now.get(name);
    if (!column) return `${name} is gone: programs of before still read it.`;
    if (column.type !== type) return `${name} is ${column.type} now, and was ${type}.`;
    return mayBeLeftOut && !column.mayBeLeftOut ? `${name} must be written now.` : [];
  });
  const forced = after.filter(({ name, mayBeLeftOut }) => {
    return !known.has(name) && tables.has(name.split('.')[0]) && !mayBeLeftOut;
  });
  return [...changed, ...forced.map(({ name }) => `${name} is new and must be written.`)];
}

describe('a migration', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let client: Client;

  before(async () => {
    database = await openTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query('DROP SCHEMA public CASCADE');
    await client.query('CREATE SCHEMA public');
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  it('leaves what programs of before read and write, so that both work side by side', async () => {
    const names = Object.keys(migrations);
    const released = names.slice(0, names.indexOf(RELEASED) + 1);
    await migrate(database.url, released);
    let before = (await client.query<Column>(COLUMNS)).rows;
    for (const name of names.slice(released.length)) {
      await migrate(database.url, names.slice(0, names.indexOf(name) + 1));
      const { rows: after } = await client.query<Column>(COLUMNS);
      expect(findBreaks(before, after), name).to.deep.equal([]);
      before = after;
    }
  });
});
