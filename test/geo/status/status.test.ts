import { expect } from 'chai';
import { systemClock as clock } from '../../../src/clock.ts';
import { openStatus } from '../../../src/geo/status/status.ts';
import { EVERYTHING } from '../../../src/oci/path-pattern.ts';
import { blobOf, repositoryNamed } from '../../support/content.ts';
import { openMemoryPorts } from '../../support/ports.ts';

describe('what a site says of itself', () => {
  it('counts no byte as proven and as under way at once', async () => {
    const ports = await openMemoryPorts();
    const repository = repositoryNamed('acme/app');
    const [ending, waiting] = [blobOf('a'), blobOf('b')];
    const since = new Date();
    await ports.sites.recordRole('secondary', 1);
    const links = [ending, waiting].map((digest, n) => {
      const fact = { kind: 'blob-linked', repository, digest, sizeBytes: 500, actor: '' } as const;
      return { position: n + 1, epoch: 1, at: since, fact };
    });
    await ports.changeLog.apply(links);
    const common = { sizeBytes: 500, repository, lane: 'fresh', since } as const;
    await ports.ledger.want([ending, waiting].map((digest) => ({ digest, ...common })));
    const claim = { holder: 'one', now: since, leaseUntil: new Date(since.getTime() + 60_000) };
    await ports.ledger.claim(claim);
    await ports.ledger.advance(ending, { ...claim, offset: 200 });
    const readCounts = async () => {
      // It ends after the reading has begun, and is counted by it.
      await ports.ledger.status();
      await ports.replicas.recordVerified(ending, since);
      await ports.ledger.settle(ending);
      return ports.replicas.readCounts();
    };
    const names = { site: 'oslo', version: '1', sync: [EVERYTHING] };
    const status = openStatus({ ...ports, replicas: { readCounts }, clock }, names);
    expect((await status.read()).bytesBehind).to.equal(500);
  });
});
