import { expect } from 'chai';
import * as fc from 'fast-check';
import { systemClock } from '../../../src/clock.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { MemoryBlobStore } from '../../../src/storage/memory/blob-store.ts';
import { MemoryFacts } from '../../../src/storage/memory/facts.ts';
import { MemoryGarbageBin } from '../../../src/storage/memory/garbage/bin.ts';
import { MemoryGarbageReviews } from '../../../src/storage/memory/garbage/reviews.ts';
import { MemoryMetadata } from '../../../src/storage/memory/metadata.ts';
import { MemoryTreeChanges } from '../../../src/storage/memory/tree/tree-changes.ts';
import { repositoryNamed } from '../../support/content.ts';
import { openPostgresPorts, type TestPorts } from '../../support/ports.ts';
import { type Deed, type How, World, type WorldPorts } from './world.ts';

/** All of them take a minute or two: `GARBAGE=full`. */
const isFull = process.env['GARBAGE'] === 'full';
const IN_MEMORY = isFull ? 10_000 : 300;
const ON_POSTGRES = isFull ? 300 : 4;

const some = fc.nat({ max: 5 });
const how = fc.constantFrom<How>('upload', 'mount', 'head', 'dying', 'untagged');
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: kindOf('push'), where: some, what: some, how }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('index'), where: some, what: some }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('untag'), where: some, what: some }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('delete'), where: some, what: some }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('delete-repository'), where: some }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('copy'), where: some, what: some }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('move'), where: some }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kindOf('collect'), diesAt: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('sweep') }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('undo') }) },
);
const deeds = fc.array(deed, { minLength: 4, maxLength: 12 });

function kindOf<const Kind extends Deed['kind']>(kind: Kind) {
  return fc.constant(kind);
}

describe('pushes, deletes, copies, moves and collections at once', () => {
  it('never leave a manifest whose blob is gone, nor a leak after quiet time', async function () {
    this.timeout(isFull ? 900_000 : 30_000);
    await fc.assert(
      fc.asyncProperty(deeds, fc.scheduler(), async (all, scheduler) => {
        const { ports, facts } = openMemory();
        const world = new World(ports, () => scheduler.schedule(Promise.resolve()));
        const check = () => assertWhole(facts, ports);
        const pausing = () => scheduler.schedule(Promise.resolve(), 'begin');
        const done = Promise.all(
          all.map(async (one) => {
            await pausing();
            await world.do(one);
            await check();
          }),
        );
        await scheduler.waitFor(done);
        await check();
        await scheduler.waitFor(world.settle());
        await check();
        await assertNoLeak(facts, ports);
      }),
      { numRuns: IN_MEMORY },
    );
  });

  describe('on PostgreSQL', () => {
    let ports: TestPorts;

    before(async () => {
      ports = await openPostgresPorts();
    });
    after(() => ports.close());

    it('never leave a manifest whose blob is gone, nor a leak after quiet time', async function () {
      this.timeout(isFull ? 900_000 : 30_000);
      let count = 0;
      await fc.assert(
        fc.asyncProperty(deeds, fc.scheduler(), async (all, scheduler) => {
          count += 1;
          const names = ['app', 'tool'].map((name) => repositoryNamed(`run${count}/${name}`));
          const world = new World(ports, () => scheduler.schedule(Promise.resolve()), names);
          const done = Promise.all(all.map((one) => world.do(one)));
          await scheduler.waitFor(done);
          await assertHeld(names, ports);
          for (const name of names) await ports.metadata.deleteRepository(name, '');
          await scheduler.waitFor(world.settle());
          expect(await ports.blobStore.list({ limit: 9 })).to.deep.equal([]);
        }),
        { numRuns: ON_POSTGRES },
      );
    });
  });
});

function openMemory(): { ports: WorldPorts; facts: MemoryFacts } {
  const clock = systemClock;
  const facts = new MemoryFacts({ clock });
  const garbageBin = new MemoryGarbageBin();
  const ports = {
    metadata: new MemoryMetadata(facts),
    treeChanges: new MemoryTreeChanges(facts),
    blobStore: new MemoryBlobStore({ clock }),
    garbageReviews: new MemoryGarbageReviews(facts, garbageBin),
    garbageBin,
  };
  return { ports, facts };
}

/** Whatever is linked has its bytes, and whatever a manifest names is linked. */
async function assertWhole(facts: MemoryFacts, { blobStore }: WorldPorts): Promise<void> {
  const held = new Set(await blobStore.list({ limit: 99 }));
  for (const [name, { manifests, blobs }] of facts.repositories) {
    for (const digest of blobs.keys()) {
      expect(held.has(digest), `${name} links ${digest}, whose bytes are gone`).to.equal(true);
    }
    for (const manifest of manifests.values()) {
      const lost = manifest.blobs.filter((digest) => !blobs.has(digest));
      expect(lost, `${name}@${manifest.digest} lost a blob`).to.deep.equal([]);
    }
  }
}

/** What is left is tagged, or named by what is; a repository in doubt keeps its links. */
async function assertNoLeak(facts: MemoryFacts, { blobStore }: WorldPorts): Promise<void> {
  const needed = new Set<Digest>();
  for (const [name, { manifests, tags, blobs }] of facts.repositories) {
    const all = [...manifests.values()];
    const isDoubtful = all.some((one) => one.manifests.some((child) => !manifests.has(child)));
    const used = new Set(all.flatMap((one) => one.blobs));
    const children = new Set(all.flatMap((one) => one.manifests));
    const tagged = new Set(tags.values());
    const loose = all.filter(({ digest }) => !tagged.has(digest) && !children.has(digest));
    const unused = [...blobs.keys()].filter((digest) => !used.has(digest));
    if (!isDoubtful) expect([...loose, ...unused], `leaks of ${name}`).to.deep.equal([]);
    for (const digest of blobs.keys()) needed.add(digest);
  }
  expect(await blobStore.list({ limit: 99 })).to.have.members([...needed]);
}

/** The same, through the ports alone. */
async function assertHeld(
  names: readonly ReturnType<typeof repositoryNamed>[],
  { inventory, metadata, blobStore, garbageReviews }: TestPorts,
): Promise<void> {
  for (const name of names) {
    const { blobs } = await inventory.readHolding(name);
    const linked = new Set(blobs.map(({ digest }) => digest));
    for (const digest of linked) {
      expect(await blobStore.find(digest), `${name} links ${digest}`).to.not.equal(undefined);
    }
    for (const { content } of await garbageReviews.listContents(name, { limit: 99 })) {
      const { config, layers } = JSON.parse(content.toString()) as {
        config?: { digest: Digest };
        layers?: { digest: Digest }[];
      };
      for (const part of [...(config ? [config] : []), ...(layers ?? [])]) {
        expect(await metadata.findBlob(name, part.digest)).to.not.equal(undefined);
      }
    }
  }
}
