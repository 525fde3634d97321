import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { systemClock as clock } from '../../../src/clock.ts';
import { Demand } from '../../../src/geo/copies/demand.ts';
import { createLog } from '../../../src/log.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import { type PathPattern } from '../../../src/oci/path-pattern.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import type { Lack } from '../../../src/storage/geo/replicas.ts';
import { MemoryLedger } from '../../../src/storage/memory/ledger.ts';

const log = createLog('silent');
const repository = 'acme/app' as RepositoryName;
const manifest = { digest: digestOf('manifest'), mediaType: OCI_MANIFEST };
const lack = (name: string): Lack => ({ digest: digestOf(name), sizeBytes: 10 });

describe('what is read next', () => {
  let ledger: MemoryLedger;
  let lacking: Lack[] | undefined;
  let asked: Digest[];
  let elapsedMs: number;
  let rings: number;
  let demand: Demand;

  const openDemand = (...selection: string[]) => {
    const replicas = {
      listLacking: async (_: RepositoryName, digest: Digest) => {
        asked.push(digest);
        return lacking;
      },
    };
    const time = { ...clock, elapsedMs: () => elapsedMs };
    demand = new Demand({ replicas, ledger, clock: time, log }, selection as PathPattern[]);
    demand.watch(() => (rings += 1));
  };
  const note = async (read = manifest, where = repository) => {
    demand.note(where, read);
    for (let turns = 0; turns < 10; turns += 1) await setImmediate();
  };
  const demanded = async () => (await ledger.status()).objects.demand;

  beforeEach(() => {
    ledger = new MemoryLedger();
    lacking = [lack('a'), lack('b')];
    [asked, elapsedMs, rings] = [[], 0, 0];
    openDemand('**');
  });

  it('comes before what is fresh and what is old', async () => {
    const since = new Date(0);
    const common = { sizeBytes: 10, repository, since };
    await ledger.want([{ ...common, digest: digestOf('old'), lane: 'backfill' }]);
    await ledger.want([{ ...common, digest: digestOf('a'), lane: 'backfill' }]);
    await ledger.want([{ ...common, digest: digestOf('new'), lane: 'fresh' }]);
    await note();
    expect(rings).to.equal(1);
    const claim = { holder: 'worker', now: new Date(), leaseUntil: new Date(Date.now() + 1000) };
    const order: Digest[] = [];
    for (let count = 0; count < 4; count += 1) order.push((await ledger.claim(claim))!.digest);
    expect(order.slice(0, 2)).to.have.members([digestOf('a'), digestOf('b')]);
    expect(order.slice(2)).to.deep.equal([digestOf('new'), digestOf('old')]);
  });

  it('is looked for by one question, and not again for a while', async () => {
    await Promise.all([note(), note(), note()]);
    expect(asked).to.have.lengthOf(1);
    elapsedMs = 59_000;
    await note();
    expect(asked).to.have.lengthOf(1);
    elapsedMs = 61_000;
    await note();
    expect(asked).to.have.lengthOf(2);
  });

  it('is nothing where all is here, or the manifest is not known yet', async () => {
    for (const nothing of [[], undefined]) {
      lacking = nothing;
      elapsedMs += 61_000;
      await note();
    }
    expect(asked).to.have.lengthOf(2);
    expect(await demanded()).to.equal(0);
    expect(rings).to.equal(0);
  });

  it('is nothing of an index, whose children are read next', async () => {
    await note({ ...manifest, mediaType: OCI_INDEX });
    expect(asked).to.deep.equal([]);
  });

  it('is nothing of a repository that this site does not copy', async () => {
    openDemand('other/**');
    await note();
    expect(asked).to.deep.equal([]);
  });

  it('is bounded, however much is read', async () => {
    for (let count = 0; count < 6; count += 1) {
      lacking = Array.from({ length: 700 }, (_, n) => lack(`${count} ${n}`));
      await note({ ...manifest, digest: digestOf(`manifest ${count}`) });
    }
    expect(await demanded()).to.equal(2000);
  });

  it('keeps nobody waiting where nothing answers', async () => {
    ledger.want = async () => {
      throw new Error('away');
    };
    await note();
    expect(rings).to.equal(0);
  });
});
