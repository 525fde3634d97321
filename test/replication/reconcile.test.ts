import { expect } from 'chai';
import { keepFilled } from '../../replication/reconcile.ts';
import { systemClock } from '../../src/clock.ts';
import { Bell } from '../../src/geo/bell.ts';
import { createLog } from '../../src/log.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { Ledger, Want } from '../../src/storage/geo/ledger.ts';
import { MemoryLedger } from '../../src/storage/memory/ledger.ts';
import { patternOf, repositoryNamed } from '../support/content.ts';
import { openMemoryPorts } from '../support/ports.ts';
import { until } from '../two-sites/client.ts';

const log = createLog('silent');
const clock = {
  ...systemClock,
  sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(1, signal),
};

describe('filling the ledger', () => {
  it('is done again where the ledger was lost before it was done', async () => {
    const { metadata, replicas } = await openMemoryPorts();
    const [repository, digest] = [repositoryNamed('acme/app'), digestOf('wanted')];
    await metadata.linkBlob({ repository, digest, sizeBytes: 5, actor: '' });
    await replicas.recordLost(digest);
    let ledger: Ledger = new MemoryLedger();
    let fillings = 0;
    const losing = {
      isFilled: () => ledger.isFilled(),
      recordFilling: (step: 'begun' | 'done') => ledger.recordFilling(step),
      want: async (wants: readonly Want[]) => {
        await ledger.want(wants);
        fillings += 1;
        // As a FLUSHALL would, behind the first page.
        if (fillings === 1) ledger = new MemoryLedger();
      },
    };
    const over = new AbortController();
    const options = { replicas, ledger: losing, selection: [patternOf('**')], clock, log };
    const bell = new Bell(clock);
    const filling = keepFilled({ ...options, bell, onWanted: () => undefined }, over.signal);
    await until('the ledger is filled', () => ledger.isFilled());
    over.abort();
    await filling;
    expect(fillings).to.equal(2);
    expect(await ledger.find(digest)).to.include({ digest, lane: 'backfill' });
  });
});
