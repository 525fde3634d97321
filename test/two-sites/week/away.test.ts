import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import { SNAPSHOT_PARTS, type SnapshotKey } from '../../../src/storage/geo/snapshot.ts';
import { randomFrom } from '../../faults/seed.ts';
import { openMemoryPorts, openPostgresPorts, type TestPorts } from '../../support/ports.ts';
import { openPair, type Pair } from '../pair.ts';
import { liveThrough } from './changes.ts';

const CHANGES = 1000;
/** A slow machine is given its time; how long it takes is measured elsewhere. */
const LIMIT_MS = 90_000;
const STORES = { memory: openMemoryPorts, PostgreSQL: openPostgresPorts };

for (const [store, openPorts] of Object.entries(STORES)) {
  describe(`a secondary that was away for ${CHANGES} changes, in ${store}`, function () {
    this.timeout(2 * LIMIT_MS);
    let pair: Pair;

    before(async () => {
      pair = await openPair(openPorts);
    });
    after(async () => {
      await pair?.close();
    });

    it('has every fact that the primary has, and every blob, soon after it is back', async () => {
      const { primary, secondary } = pair;
      await secondary.stopReplication();
      const blobs = [];
      for (let n = 0; n < 20; n += 1) blobs.push(await keepBlob(primary.ports));
      const random = randomFrom(1);
      await liveThrough({ ...primary.ports, count: CHANGES, blobs, random });
      await secondary.startReplication();
      const head = await primary.ports.changeLog.head();
      await until('it is where the primary is', async () => {
        return (await secondary.ports.changeLog.head()) === head;
      });
      expect(await readFacts(secondary.ports)).to.deep.equal(await readFacts(primary.ports));
      await until('every blob is there', async () => {
        const wanted = await secondary.ports.replicas.listWanted({ limit: 1 });
        return wanted.length === 0;
      });
      const { blobs: extent, manifests } = await secondary.geo.status.read();
      expect([extent.percent, manifests.percent]).to.deep.equal([100, 100]);
    });
  });
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await sleep(20)) {
    if (await isSo()) return;
  }
  throw new Error(`it never came to be that ${what}`);
}

async function keepBlob({ blobStore }: TestPorts) {
  const bytes = randomBytes(1000);
  const digest = digestOf(bytes);
  const staging = `test-${digest.slice(7, 20)}`;
  await blobStore.append(staging, { offset: 0, content: once(bytes) });
  await blobStore.commit(staging, digest);
  return { digest, sizeBytes: bytes.length };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** All facts of a site, part by part. */
async function readFacts({ snapshot }: TestPorts): Promise<unknown[]> {
  const facts: unknown[] = [];
  for (const part of SNAPSHOT_PARTS) {
    let after: SnapshotKey | undefined;
    do {
      const { rows, through } = await snapshot.read(part, after);
      facts.push(...rows);
      after = through;
    } while (after);
  }
  return facts;
}
