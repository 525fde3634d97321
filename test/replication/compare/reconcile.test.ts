import { expect } from 'chai';
import * as fc from 'fast-check';
import { type ReconcileOptions, reconcile } from '../../../replication/compare/reconcile.ts';
import {
  type CutWanted,
  FactChecksums,
  type RangesWanted,
} from '../../../src/geo/checksums/checksums.ts';
import { SiteRole } from '../../../src/geo/role.ts';
import { createLog } from '../../../src/log.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import type { Fact } from '../../../src/storage/change-log.ts';
import type { Snapshot } from '../../../src/storage/geo/snapshot.ts';
import type { Role } from '../../../src/storage/sites.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';
import { registryNamed, upstreamNamed } from '../../support/virtual/cached.ts';

const signal = new AbortController().signal;

/** A site in memory, and what it answers as a primary. */
interface Stand {
  readonly ports: TestPorts;
  readonly checksums: FactChecksums;
}

async function open(role: Role, epoch = 1): Promise<Stand> {
  const ports = await openMemoryPorts();
  await ports.sites.recordRole(role, epoch);
  const clock = { elapsedMs: () => 0 };
  const siteRole = new SiteRole({ ...ports, log: createLog('silent') });
  return { ports, checksums: new FactChecksums({ ...ports, role: siteRole, clock }) };
}

/** Every answer is a text on its way. */
async function pass<Answer>(answer: Promise<object>): Promise<Answer> {
  const text = JSON.stringify(await answer);
  return { ...(JSON.parse(text) as Answer), bytes: text.length };
}

/** As the line between two sites has it. */
function describeSites(primary: Stand, secondary: Stand): ReconcileOptions {
  const { ports } = secondary;
  return {
    primarySite: {
      cutFacts: (wanted) => pass(primary.checksums.cut(wanted as CutWanted)),
      readFacts: (wanted) => pass(primary.checksums.read(wanted as RangesWanted)),
    },
    snapshot: ports.snapshot,
    passage: { waitFor: async (position) => (await ports.changeLog.head()) >= position },
    role: { read: () => ports.sites.getRole() },
    log: createLog('silent'),
    onRepaired: () => undefined,
  };
}

/** Links of blobs by their numbers, written as a snapshot brings them. */
async function place(snapshot: Snapshot, sizes: ReadonlyMap<number, number>): Promise<void> {
  const rows = [...sizes].map(([number, sizeBytes]) => {
    const repository = `acme/app${number % 3}` as RepositoryName;
    const digest = digestOf(`${number}`);
    const fact: Fact = { kind: 'blob-linked', repository, digest, sizeBytes, actor: '' };
    return { key: [repository, digest], fact };
  });
  await snapshot.replace({ part: 'links', rows });
}

async function readLinks({ ports }: Stand): Promise<unknown> {
  return (await ports.snapshot.readRange('links', {})).rows;
}

describe('comparing facts', () => {
  it('finds exactly what differs between any two sites, and leaves them the same', async () => {
    const sizes = fc.dictionary(
      fc.integer({ min: 0, max: 3000 }).map(String),
      fc.integer({ min: 1, max: 2 }),
      { maxKeys: 120 },
    );
    await fc.assert(
      fc.asyncProperty(sizes, sizes, sizes, async (common, there, here) => {
        const [primary, secondary] = [await open('primary'), await open('secondary')];
        const [theirs, ours] = [there, here].map((own) => {
          return new Map(Object.entries({ ...common, ...own }).map(([n, size]) => [+n, size]));
        }) as [Map<number, number>, Map<number, number>];
        await place(primary.ports.snapshot, theirs);
        await place(secondary.ports.snapshot, ours);
        // Repositories that one of them lacks are compared as well.
        await primary.ports.snapshot.replace({ part: 'repositories', rows: REPOSITORIES });
        await secondary.ports.snapshot.replace({ part: 'repositories', rows: REPOSITORIES });
        const report = await reconcile(describeSites(primary, secondary), signal);
        const keys = [...theirs.keys()];
        expect(report).to.include({
          compared: theirs.size + REPOSITORIES.length,
          missing: keys.filter((key) => !ours.has(key)).length,
          wrong: keys.filter((key) => ours.has(key) && ours.get(key) !== theirs.get(key)).length,
          extra: [...ours.keys()].filter((key) => !theirs.has(key)).length,
          unsure: 0,
        });
        expect(await readLinks(secondary)).to.deep.equal(await readLinks(primary));
      }),
      { numRuns: 60 },
    );
  });

  it('sets upstreams right before the registries that list them', async () => {
    const [primary, secondary] = [await open('primary'), await open('primary')];
    for (const { virtualRegistries } of [primary.ports, secondary.ports]) {
      await virtualRegistries.recordUpstream(upstreamNamed('hub'));
      await virtualRegistries.recordRegistry(registryNamed('all', { upstreams: ['hub'] }));
    }
    await secondary.ports.virtualRegistries.deleteUpstream('hub');
    await secondary.ports.sites.recordRole('secondary', 1);
    await primary.ports.virtualRegistries.purge({ upstream: 'hub' });
    const report = await reconcile(describeSites(primary, secondary), signal);
    expect(report).to.include({ missing: 1, wrong: 1, extra: 0, unsure: 0 });
    const registry = await secondary.ports.virtualRegistries.findRegistry('all');
    expect(registry?.upstreams).to.deep.equal(['hub']);
  });

  it('costs the line what differs, and little for what does not', async () => {
    const [primary, secondary] = [await open('primary'), await open('secondary')];
    const sizes = new Map(Array.from({ length: 4000 }, (_, number) => [number, 1]));
    await place(primary.ports.snapshot, sizes);
    await place(secondary.ports.snapshot, sizes);
    const same = await reconcile(describeSites(primary, secondary), signal);
    expect(same.bytes).to.be.lessThan(3000);
    await place(secondary.ports.snapshot, new Map([...sizes].slice(1)));
    const one = await reconcile(describeSites(primary, secondary), signal);
    expect(one.missing).to.equal(1);
    expect(one.bytes).to.be.lessThan(40_000);
  });

  it('does nothing by the word of a site that is no primary, or of another time', async () => {
    const secondary = await open('secondary', 2);
    await place(secondary.ports.snapshot, new Map([[1, 1]]));
    for (const [role, epoch] of [
      ['secondary', 2],
      ['primary', 1],
      ['primary', 3],
    ] as const) {
      const failure: unknown = await reconcile(
        describeSites(await open(role, epoch), secondary),
        signal,
      ).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Error);
      expect(await readLinks(secondary)).to.have.lengthOf(1);
    }
  });

  it('does nothing where the two sites make checksums in different ways', async () => {
    const [primary, secondary] = [await open('primary'), await open('secondary')];
    await place(secondary.ports.snapshot, new Map([[1, 1]]));
    secondary.ports.snapshot.readHashing = async () => 'another';
    const failure: unknown = await reconcile(describeSites(primary, secondary), signal).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).to.match(/make checksums in different ways/);
    expect(await readLinks(secondary)).to.have.lengthOf(1);
  });

  it('does nothing while this site lags', async () => {
    const [primary, secondary] = [await open('primary'), await open('secondary')];
    await place(secondary.ports.snapshot, new Map([[1, 1]]));
    await primary.ports.sites.recordSite({ name: 'rome', url: 'http://rome.test', publicKey: {} });
    const failure: unknown = await reconcile(describeSites(primary, secondary), signal).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).to.match(/has not caught up/);
    expect(await readLinks(secondary)).to.have.lengthOf(1);
  });

  it('says when facts changed here, also where it broke off', async () => {
    const [primary, secondary] = [await open('primary'), await open('secondary')];
    await place(secondary.ports.snapshot, new Map([[1, 1]]));
    let repairs = 0;
    const options = { ...describeSites(primary, secondary), onRepaired: () => (repairs += 1) };
    await reconcile(options, signal);
    await reconcile(options, signal);
    expect(repairs).to.equal(1);
  });
});

const REPOSITORIES = [0, 1, 2].map((number) => ({ key: [`acme/app${number}`] }));
