/** What every maker of `VirtualCounts` keeps. */
import { expect } from 'chai';
import { NO_COUNTS, type RegistryCounts } from '../../../../src/storage/virtual/counts.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { registryNamed } from '../../../support/virtual/cached.ts';

const COUNTS: RegistryCounts = {
  hits: 1,
  stale: 2,
  misses: 3,
  bytesToClients: 5_000_000_000,
  bytesFromUpstreams: 70,
  callsSaved: 11,
};

export function describeVirtualCountsContract(name: string, open: OpenPorts): void {
  describe(`VirtualCounts in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
      for (const registry of ['hub', 'quay']) {
        await ports.virtualRegistries.recordRegistry(registryNamed(registry));
      }
    });
    afterEach(() => ports.close());

    it('adds up what is counted of each registry', async () => {
      const { virtualCounts } = ports;
      expect(await virtualCounts.find('hub')).to.deep.equal(NO_COUNTS);
      await virtualCounts.add(new Map([['hub', COUNTS]]));
      await virtualCounts.add(
        new Map([
          ['quay', COUNTS],
          ['hub', { ...COUNTS, hits: 40 }],
        ]),
      );
      expect(await virtualCounts.find('hub')).to.deep.equal({
        hits: 41,
        stale: 4,
        misses: 6,
        bytesToClients: 10_000_000_000,
        bytesFromUpstreams: 140,
        callsSaved: 22,
      });
      expect(await virtualCounts.find('quay')).to.deep.equal(COUNTS);
    });

    it('passes over what is not set, keeps what is changed, and forgets what goes', async () => {
      const { virtualCounts, virtualRegistries } = ports;
      await virtualCounts.add(new Map([['gone', COUNTS]]));
      expect(await virtualCounts.find('gone')).to.deep.equal(NO_COUNTS);
      await virtualCounts.add(new Map([['hub', COUNTS]]));
      await virtualRegistries.recordRegistry(registryNamed('hub', { isPublic: true }));
      expect(await virtualCounts.find('hub')).to.deep.equal(COUNTS);
      await virtualRegistries.deleteRegistry('hub');
      expect(await virtualCounts.find('hub')).to.deep.equal(NO_COUNTS);
    });
  });
}
