import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { Knex } from 'knex';
import type { Fact } from '../../../src/storage/change-log.ts';
import { NotPrimary } from '../../../src/storage/failure.ts';
import { PostgresChangeLog } from '../../../src/storage/postgres/change-log.ts';
import { Database } from '../../../src/storage/postgres/database.ts';
import { appendChanges } from '../../../src/storage/postgres/facts/append.ts';
import { blobOf, repositoryNamed } from '../../support/content.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { defer } from '../../support/deferred.ts';

const factOf = (word: string): Fact => ({
  kind: 'blob-unlinked',
  repository: repositoryNamed('acme/app'),
  digest: blobOf(word),
  actor: '',
});

/** A transaction that stays open until it is told to end. */
interface Held {
  readonly trx: Promise<Knex.Transaction>;
  readonly done: Promise<void>;
  end(error?: Error): void;
}

function hold(database: Database): Held {
  const opened = defer<Knex.Transaction>();
  const ended = defer();
  const done = database.transaction(async (trx) => {
    opened.resolve(trx);
    await ended.promise;
  });
  const end = (error?: Error) => (error ? ended.reject(error) : ended.resolve());
  return { trx: opened.promise, done, end };
}

describe('appendChanges', () => {
  let place: TestDatabase;
  let database: Database;
  let changeLog: PostgresChangeLog;

  beforeEach(async () => {
    place = await openTestDatabase();
    database = await Database.open({ url: place.url });
    changeLog = new PostgresChangeLog(database);
  });
  afterEach(async () => {
    await database.close();
    await place.drop();
  });

  const positions = async () => {
    const changes = await changeLog.list({ after: 0, limit: 99 });
    return changes.map(({ position }) => position);
  };
  const isWaiting = async () => {
    const { rows } = await database.run((knex) =>
      knex.raw("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"),
    );
    return rows.length > 0;
  };

  it('lets the second of two open transactions wait, so that a reader skips no row', async () => {
    const [first, second] = [hold(database), hold(database)];
    await appendChanges(await first.trx, [factOf('a'), factOf('b')]);
    const appended = appendChanges(await second.trx, [factOf('c')]).then(() => second.end());
    while (!(await isWaiting())) await setImmediate();
    // The trap: the second commits first, a reader passes it, and never sees the first.
    expect(await changeLog.head()).to.equal(0);
    expect(await positions()).to.deep.equal([]);
    first.end();
    await Promise.all([first.done, appended, second.done]);
    expect(await positions()).to.deep.equal([1, 2, 3]);
    expect(await changeLog.head()).to.equal(3);
  });

  it('leaves no gap behind a transaction that is undone', async () => {
    const [first, second] = [hold(database), hold(database)];
    await appendChanges(await first.trx, [factOf('a')]);
    const appended = appendChanges(await second.trx, [factOf('b')]).then(() => second.end());
    while (!(await isWaiting())) await setImmediate();
    first.end(new Error('undone'));
    const reason: unknown = await first.done.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(reason).to.be.instanceOf(Error).with.property('message', 'undone');
    await Promise.all([appended, second.done]);
    const changes = await changeLog.list({ after: 0, limit: 9 });
    expect(changes.map(({ position, fact }) => ({ position, fact }))).to.deep.equal([
      { position: 1, fact: factOf('b') },
    ]);
  });

  it('fences a writer whose site is demoted while it works', async () => {
    const writer = hold(database);
    const trx = await writer.trx;
    await trx('repositories').insert({ name: 'acme/app' });
    await database.run((knex) => knex('log_head').update({ role: 'secondary' }));
    const reason: unknown = await appendChanges(trx, [factOf('a')]).catch((error: Error) => {
      writer.end(error);
      return writer.done.catch((undone: unknown) => undone);
    });
    expect(reason).to.be.instanceOf(NotPrimary);
    const names = await database.run((knex) => knex('repositories').pluck('name'));
    expect(names).to.deep.equal([]);
  });
});
