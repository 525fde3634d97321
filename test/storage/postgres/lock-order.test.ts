/** The trap of locks on several rows: two that take them in different orders wait for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Database } from '../../../src/storage/postgres/database.ts';
import { PostgresMetadata } from '../../../src/storage/postgres/metadata.ts';
import { blobOf, repositoryNamed } from '../../support/content.ts';
import { openTestDatabase } from '../../support/database.ts';

/** The planner then reads tables in the order in which their rows were written. */
const NO_INDEXES = encodeURIComponent('-c enable_indexscan=off -c enable_indexonlyscan=off');

describe('a repository that is deleted', () => {
  let home: Awaited<ReturnType<typeof openTestDatabase>>;
  let database: Database;

  before(async () => {
    home = await openTestDatabase();
    database = await Database.open({ url: `${home.url}&options=${NO_INDEXES}` });
  });
  after(async () => {
    await database.close();
    await home.drop();
  });

  it('has its blobs locked in the order of their digests, whatever the plan', async () => {
    const metadata = new PostgresMetadata(database);
    const repository = repositoryNamed('acme/app');
    const digests = ['1', '2', '3', '4'].map(blobOf).toSorted();
    for (const digest of digests.toReversed()) {
      await metadata.linkBlob({ repository, digest, sizeBytes: 1, actor: 'ann' });
    }
    const deleted = await database.transaction(async (trx) => {
      const lock = (digest: string) =>
        trx.raw('SELECT FROM blobs WHERE digest = ? FOR UPDATE NOWAIT', [digest]);
      await lock(digests[0]!);
      const deleting = metadata.deleteRepository(repository, 'ann');
      // What fails here fails below.
      deleting.catch(() => undefined);
      while (!(await isWaitedFor())) await sleep(5);
      // It has none of the others while it waits for the first.
      await lock(digests.at(-1)!);
      return { deleting };
    });
    expect(await deleted.deleting).to.equal(true);
  });

  async function isWaitedFor(): Promise<boolean> {
    const text = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
                  WHERE NOT granted AND datname = current_database()`;
    return (await database.query({ name: 'waits', text })).length > 0;
  }
});
