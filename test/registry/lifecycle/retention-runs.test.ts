import { expect } from 'chai';
import { createLog } from '../../../src/log.ts';
import { RetentionRuns } from '../../../src/registry/lifecycle/retention-runs.ts';
import { NameLeased, NotPrimary, StorageUnavailable } from '../../../src/storage/failure.ts';
import type { TagSweep } from '../../../src/storage/lifecycle/tag-sweeps.ts';
import { blobOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import { retention } from '../../support/lifecycle/policies.ts';

const log = createLog('silent');
const at = new Date('2026-11-22T02:53:00Z');

/** Runs over repositories r00, r01, …, of which some fail; each loses two batches of tags. */
function openRuns(count: number, failures: Readonly<Record<string, Error>> = {}) {
  const names = Array.from({ length: count }, (_, n) =>
    repositoryNamed(`r${`${n}`.padStart(2, '0')}`),
  );
  const sweeps: TagSweep[] = [];
  const sweep = async (asked: TagSweep) => {
    sweeps.push(asked);
    const before = sweeps.filter(({ repository }) => repository === asked.repository).length;
    const failure = failures[asked.repository];
    if (failure && before === 2) throw failure;
    const tags = [{ tag: tagNamed(`t${before}`), digest: blobOf('a') }];
    return { tags, isWhole: before === 2 };
  };
  const runs = new RetentionRuns({
    policies: { list: async () => [{ ...retention({ lastPushed: 1 }), path: '' as never }] },
    tagSweeps: { sweep },
    catalog: { listRepositories: async () => names },
    pullsTold: { read: async () => ({ at, lateSites: [] }) },
  });
  return { runs, sweeps };
}

const run = (runs: RetentionRuns, limit?: number) =>
  runs.run({ isDryRun: false, log, ...(limit === undefined ? {} : { limit }) });

describe('a run of the retentions', () => {
  it('goes on where a repository fails, and says which did and what went before', async () => {
    const leased = new NameLeased(at);
    const { runs } = openRuns(4, {
      r01: new StorageUnavailable('the lock took too long'),
      r02: leased,
    });
    const { tags, ...rest } = await run(runs);
    expect(rest).to.deep.include({ failed: ['r01'], passedOver: ['r02'], isWhole: true });
    expect(tags.map(({ repository, tag }) => `${repository}:${tag}`)).to.deep.equal([
      'r00:t1',
      'r00:t2',
      'r01:t1',
      'r02:t1',
      'r03:t1',
      'r03:t2',
    ]);
  });

  it('ends where one after the other fails, and where this site is no primary', async () => {
    const away = new StorageUnavailable('away');
    const failures = Array.from({ length: 60 }, (_, n) => [`r${`${n}`.padStart(2, '0')}`, away]);
    const { runs } = openRuns(60, Object.fromEntries(failures));
    const report = await run(runs);
    expect(report.failed).to.have.length(20);
    expect(report.isWhole).to.equal(false);
    const other = openRuns(2, { r00: new NotPrimary('this site is a secondary') });
    expect(await run(other.runs).catch((error: unknown) => error)).to.be.instanceOf(NotPrimary);
  });

  it('takes no more than its limit, also of one repository', async () => {
    const { runs, sweeps } = openRuns(3);
    const report = await run(runs, 3);
    expect(report.tags).to.have.length(3);
    expect(report.isWhole).to.equal(false);
    expect(sweeps.map(({ limit }) => limit)).to.deep.equal([3, 2, 1]);
  });
});
