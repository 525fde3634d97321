import { expect } from 'chai';
import { Client } from 'pg';
import { type ActivityKey, MAX_ACTIVITY_WALK } from '../../../src/storage/events/activity.ts';
import { Database } from '../../../src/storage/postgres/database.ts';
import { PostgresActivityFeed } from '../../../src/storage/postgres/events/activity.ts';
import { patternOf } from '../../support/content.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

const ROWS = 2 * MAX_ACTIVITY_WALK + 10;

describe('the table of the activity feed', () => {
  let home: TestDatabase;
  let client: Client;
  let database: Database;

  before(async () => {
    home = await openTestDatabase();
    client = new Client({ connectionString: home.url });
    await client.connect();
    database = await Database.open({ url: home.url });
  });
  after(async () => {
    await database.close();
    await client.end();
    await home.drop();
  });

  it('looks through so many rows for a page, and leads on', async () => {
    await client.query(
      `INSERT INTO activity (id, at, action, repository, tags, actor)
       SELECT nth, timestamptz '2026-01-01' + nth * interval '1 s', 'push', 'acme/app', '{}',
              CASE nth WHEN 1 THEN 'ann' ELSE 'bob' END
       FROM generate_series(1, ${ROWS}) AS nth`,
    );
    const feed = new PostgresActivityFeed(database);
    const page = { visible: [patternOf('**')], limit: 5, actor: 'ann', path: 'acme' };
    const counts: number[] = [];
    for (let after: ActivityKey | undefined; ; ) {
      const slice = await feed.list({ ...page, ...(after && { after }) });
      counts.push(slice.items.length);
      if (!slice.next) break;
      after = slice.next;
    }
    expect(counts).to.deep.equal([0, 0, 1]);
  });

  it('notes a push in the transaction that appends it, and none without', async () => {
    const fact = { kind: 'tag-deleted', repository: 'beta/app', tag: 'v1', actor: 'ann' };
    const columns = 'position, epoch, at, fact';
    const append = `INSERT INTO changes (${columns}) VALUES (${ROWS + 1}, 1, now(), $1)`;
    const count = async () => {
      const text = "SELECT count(*)::int AS count FROM activity WHERE repository = 'beta/app'";
      return (await client.query<{ count: number }>(text)).rows[0]!.count;
    };
    await client.query('BEGIN');
    await client.query(append, [JSON.stringify(fact)]);
    expect(await count()).to.equal(1);
    await client.query('ROLLBACK');
    expect(await count()).to.equal(0);
    const strange = { kind: 'upstream-recorded', upstream: { description: '\0' } };
    await client.query(append, [JSON.stringify(strange)]);
    expect(await count()).to.equal(0);
  });
});
