/** The trap of locks on several rows: two that take them in different orders wait for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { StorageUnavailable } from '../../../src/storage/failure.ts';
import { Database } from '../../../src/storage/postgres/database.ts';
import { PostgresPolicies } from '../../../src/storage/postgres/lifecycle/policies.ts';
import { PostgresMetadata } from '../../../src/storage/postgres/metadata.ts';
import { PostgresTreeChanges } from '../../../src/storage/postgres/tree/changes/tree-changes.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import { openTestDatabase } from '../../support/database.ts';
import { quota } from '../../support/lifecycle/policies.ts';

/** The planner then reads tables in the order in which their rows were written. */
const NO_INDEXES = encodeURIComponent('-c enable_indexscan=off -c enable_indexonlyscan=off');

describe('the order of locks', () => {
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

  it('is that of digests where a repository is deleted, whatever the plan', async () => {
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

  it('has blobs before quotas in a copy, as in a push', async () => {
    const metadata = new PostgresMetadata(database);
    const [from, to] = [repositoryNamed('acme/from'), repositoryNamed('acme/to')];
    const [base, added] = [blobOf('base'), blobOf('added')];
    for (const repository of [from, to]) {
      await metadata.linkBlob({ repository, digest: base, sizeBytes: 1, actor: 'ann' });
    }
    await metadata.linkBlob({ repository: from, digest: added, sizeBytes: 1, actor: 'ann' });
    const manifest = imageOf('base', { layers: [added] });
    const put = { repository: from, manifest, tags: [tagNamed('v1')], mayOverwrite: true };
    await metadata.recordManifest({ ...put, actor: 'ann' });
    await new PostgresPolicies(database).record(quota('acme', 1_000_000));
    const copied = await database.transaction(async (trx) => {
      // As a push does that links the blob, which the target of the copy has already.
      await trx.raw('SELECT FROM blobs WHERE digest = ? FOR NO KEY UPDATE', [base]);
      const copying = new PostgresTreeChanges(database).copy({
        from,
        reference: { kind: 'tag', tag: tagNamed('v1') },
        to,
        tag: tagNamed('v2'),
        withReferrers: false,
        mayOverwrite: false,
        actor: 'ann',
      });
      copying.catch(() => undefined);
      while (!(await isWaitedFor())) await sleep(5);
      await trx.raw('SELECT FROM quota_usages FOR UPDATE NOWAIT');
      return { copying };
    });
    expect(await copied.copying).to.include({ kind: 'copied' });
  });

  it('lets pushes pass a policy that waits for a long move, but not for long', async () => {
    const metadata = new PostgresMetadata(database);
    const push = { repository: repositoryNamed('beta/app'), digest: blobOf('x'), sizeBytes: 1 };
    await database.transaction(async (trx) => {
      await trx.raw("SELECT pg_advisory_xact_lock_shared(hashtextextended('policies', 0))");
      const setting = new PostgresPolicies(database).record(quota('gamma', 1));
      const failing = setting.catch((error: unknown) => error);
      while (!(await isWaitedFor())) await sleep(5);
      await metadata.linkBlob({ ...push, actor: 'ann' });
      expect(await failing).to.be.instanceOf(StorageUnavailable);
    });
    expect(await new PostgresPolicies(database).find(quota('gamma', 1))).to.equal(undefined);
  });

  async function isWaitedFor(): Promise<boolean> {
    const text = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
                  WHERE NOT granted AND datname = current_database()`;
    return (await database.query({ name: 'waits', text })).length > 0;
  }
});
