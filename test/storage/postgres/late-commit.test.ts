/** The trap of logs in SQL: positions that are taken in one order and commit in another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { PostgresChangeLog } from '../../../src/storage/postgres/change-log.ts';
import { Database } from '../../../src/storage/postgres/database.ts';
import { appendChanges } from '../../../src/storage/postgres/facts/append.ts';
import { openTestDatabase } from '../../support/database.ts';
import { defer } from '../../support/deferred.ts';

describe('changes that commit late', () => {
  let home: Awaited<ReturnType<typeof openTestDatabase>>;
  let database: Database;
  let changeLog: PostgresChangeLog;

  before(async () => {
    home = await openTestDatabase();
    database = await Database.open({ url: home.url });
    changeLog = new PostgresChangeLog(database);
  });
  after(async () => {
    await changeLog.close();
    await database.close();
    await home.drop();
  });

  /** A transaction that appends, and stays open until it is told to end. */
  function write(name: string) {
    const appended = defer();
    const mayEnd = defer();
    const ended = database.transaction(async (trx) => {
      await appendChanges(trx, [{ kind: 'account-deleted', name }]);
      appended.resolve();
      await mayEnd.promise;
    });
    ended.catch(() => undefined);
    return {
      appended: appended.promise,
      ended,
      end: () => mayEnd.resolve(),
      fail: (error: Error) => mayEnd.reject(error),
    };
  }

  const names = async (after: number) =>
    (await changeLog.list({ after, limit: 99 })).map(({ position, fact }) => [
      position,
      fact.kind === 'account-deleted' && fact.name,
    ]);

  it('are skipped by nobody who reads up to the head', async () => {
    const early = write('early');
    await early.appended;
    const late = write('late');
    // The second one may not take a position before the first one has committed.
    const first = await Promise.race([late.appended.then(() => 'late'), sleep(100, 'nobody')]);
    expect(first).to.equal('nobody');
    expect(await changeLog.head()).to.equal(0);
    expect(await names(0)).to.deep.equal([]);
    early.end();
    await early.ended;
    await late.appended;
    expect(await changeLog.head()).to.equal(1);
    expect(await names(0)).to.deep.equal([[1, 'early']]);
    late.end();
    await late.ended;
    expect(await names(1)).to.deep.equal([[2, 'late']]);
  });

  it('leave no gap when they are undone', async () => {
    const head = await changeLog.head();
    const undone = write('undone');
    await undone.appended;
    const kept = write('kept');
    undone.fail(new Error('undone'));
    kept.end();
    await kept.ended;
    expect(await names(head)).to.deep.equal([[head + 1, 'kept']]);
    expect(await changeLog.head()).to.equal(head + 1);
  });
});
