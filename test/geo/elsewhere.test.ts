import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { systemClock as clock } from '../../src/clock.ts';
import { PrimaryElsewhere } from '../../src/geo/elsewhere.ts';
import { createLog } from '../../src/log.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { Turns } from '../../src/registry/fill/turns.ts';
import { Fill } from '../../src/registry/fill.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { MemoryLeases } from '../../src/storage/memory/leases.ts';
import { MemoryUpstream } from '../../src/storage/memory/upstream.ts';
import { repositoryNamed } from '../support/content.ts';

const log = createLog('silent');
const [repository, other] = [repositoryNamed('acme/app'), repositoryNamed('acme/other')];

describe('what a secondary lacks', () => {
  const bytes = randomBytes(1000);
  const digest = digestOf(bytes);
  const sizeBytes = bytes.length;
  let upstream: MemoryUpstream;
  let elsewhere: PrimaryElsewhere;

  beforeEach(() => {
    upstream = new MemoryUpstream();
    upstream.putBlob(repository, digest, bytes);
    const leases = new MemoryLeases({ clock });
    const turns = new Turns({ leases, clock, randomness, log });
    const fill = new Fill({ blobStore: new MemoryBlobStore({ clock }), clock, turns, log });
    const freshness = { judge: async () => ({}) as never, mayBeStale: true };
    elsewhere = new PrimaryElsewhere({ upstream, fill, onArrival: async () => {}, freshness });
  });

  const openings = () => upstream.asked.filter((question) => question === `blob ${digest} 0`);

  it('is on its way while its size is asked for, and comes once', async () => {
    const findBlob = upstream.findBlob.bind(upstream);
    upstream.findBlob = async (...question) => {
      while (openings().length === 0) await turn();
      return findBlob(...question);
    };
    expect(await elsewhere.findBlob(repository, digest, true)).to.deep.equal({ sizeBytes });
    const content = await elsewhere.openBlob(repository, { digest, sizeBytes });
    expect((await buffer(content!)).equals(bytes)).to.equal(true);
    expect(openings()).to.have.length(1);
  });

  it('is not there in a repository that does not hold it, though its bytes come', async () => {
    await elsewhere.findBlob(repository, digest, true);
    expect(await elsewhere.findBlob(other, digest, true)).to.equal(undefined);
  });

  it('is left where it is when its size alone is asked for', async () => {
    expect(await elsewhere.findBlob(repository, digest)).to.deep.equal({ sizeBytes });
    await turn();
    expect(openings()).to.deep.equal([]);
  });
});
