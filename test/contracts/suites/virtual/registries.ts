/** What every maker of `VirtualRegistries` keeps. */
import { expect } from 'chai';
import type { VirtualRegistry, VirtualUpstream } from '../../../../src/oci/virtual-registry.ts';
import { NotPrimary } from '../../../../src/storage/failure.ts';
import { patternOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { entryOf, registryNamed, upstreamNamed } from '../../../support/virtual/cached.ts';

const image = repositoryNamed('library/alpine');
const other = repositoryNamed('library/bash');
const [latest, edge] = [tagNamed('latest'), tagNamed('edge')];

/** One with everything that an upstream may have. */
const full: VirtualUpstream = {
  ...upstreamNamed('full'),
  description: 'Docker’s own',
  origin: {
    kind: 'remote',
    url: 'https://registry-1.docker.test/mirror',
    credentials: { username: 'amy', sealedPassword: 'v1.k.n.c', version: '7' },
    realmHosts: ['auth.docker.test'],
    rewritesLibrary: true,
    maxConcurrency: 3,
    timeoutMs: 900,
    ca: 'PEM',
  },
  allow: [patternOf('library/**'), patternOf('acme/*')],
  deny: [patternOf('library/evil')],
  exclusive: [patternOf('acme/**')],
  whenGone: 'keep',
  namespace: 'docker.io',
  viaPrimary: 'when-limited',
};

export function describeVirtualRegistriesContract(name: string, open: OpenPorts): void {
  describe(`VirtualRegistries in ${name}`, () => {
    let primary: TestPorts;
    let secondary: TestPorts;

    beforeEach(async () => {
      [primary, secondary] = await Promise.all([open(), open()]);
      await secondary.sites.recordRole('secondary', 1);
    });
    afterEach(() => Promise.all([primary.close(), secondary.close()]));

    const record = async (...names: string[]) => {
      for (const one of names) await primary.virtualRegistries.recordUpstream(upstreamNamed(one));
    };
    const catchUp = async () => {
      const after = await secondary.changeLog.head();
      await secondary.changeLog.apply(await primary.changeLog.list({ after, limit: 1000 }));
    };
    const cache = async (ports: TestPorts, upstream: string) => {
      for (const where of [image, other]) {
        for (const tag of [latest, edge]) {
          const entry = entryOf({ upstream, image: where, tag }, `${where} ${tag}`);
          await ports.virtualCache.recordManifest(entry);
        }
      }
    };
    const ALL = [`${image}:edge`, `${image}:latest`, `${other}:edge`, `${other}:latest`];

    it('gives back what was recorded, word for word', async () => {
      await record('hub');
      const local = upstreamNamed('own', { origin: { kind: 'local', prefix: image } });
      await primary.virtualRegistries.recordUpstream(local);
      await primary.virtualRegistries.recordUpstream(full);
      const all = registryNamed('all', {
        description: 'everything',
        upstreams: ['own', 'full', 'hub'],
        hosts: ['mirror.test:5000', 'a.test'],
        isPublic: true,
        unusedDays: 30,
        maxBytes: 2 ** 40,
      });
      expect(await primary.virtualRegistries.recordRegistry(all)).to.deep.equal({
        kind: 'recorded',
      });
      await catchUp();
      for (const ports of [primary, secondary]) {
        const registries = ports.virtualRegistries;
        expect(await registries.findUpstream('full')).to.deep.equal(full);
        expect(await registries.findUpstream('own')).to.deep.equal(local);
        expect(await registries.findUpstream('none')).to.equal(undefined);
        expect(await registries.findRegistry('all')).to.deep.equal(all);
        expect(await registries.findRegistry('none')).to.equal(undefined);
        expect(await registries.findRegistryOfHost('a.test')).to.deep.equal(all);
        expect(await registries.findRegistryOfHost('b.test')).to.equal(undefined);
      }
    });

    it('replaces whole, and writes down only what changed', async () => {
      await record('hub', 'quay');
      const { virtualRegistries, changeLog } = primary;
      await virtualRegistries.recordRegistry(
        registryNamed('all', { upstreams: ['hub', 'quay'], hosts: ['a.test'], maxBytes: 1 }),
      );
      const swapped = registryNamed('all', { upstreams: ['quay', 'hub'], hosts: ['b.test'] });
      await virtualRegistries.recordRegistry(swapped);
      await virtualRegistries.recordUpstream(upstreamNamed('hub', { whenGone: 'keep' }));
      const head = await changeLog.head();
      await virtualRegistries.recordRegistry(swapped);
      await virtualRegistries.recordUpstream(upstreamNamed('hub', { whenGone: 'keep' }));
      expect(await changeLog.head()).to.equal(head);
      await catchUp();
      for (const ports of [primary, secondary]) {
        expect(await ports.virtualRegistries.findRegistry('all')).to.deep.equal(swapped);
        expect(await ports.virtualRegistries.findRegistryOfHost('a.test')).to.equal(undefined);
        expect(await ports.virtualRegistries.findUpstream('hub')).to.include({ whenGone: 'keep' });
      }
    });

    it('lists by name, page by page', async () => {
      await record('c', 'a', 'b');
      const { virtualRegistries } = primary;
      for (const one of ['z', 'x', 'y']) await virtualRegistries.recordRegistry(registryNamed(one));
      const [first, ...rest] = [
        await virtualRegistries.listUpstreams({ limit: 2 }),
        await virtualRegistries.listUpstreams({ after: 'b', limit: 2 }),
        await virtualRegistries.listRegistries({ limit: 2 }),
        await virtualRegistries.listRegistries({ after: 'y', limit: 2 }),
      ].map((page) => page.map((row) => row.name));
      expect([first, ...rest]).to.deep.equal([['a', 'b'], ['c'], ['x', 'y'], ['z']]);
    });

    it('records no registry with an unknown upstream or another one’s host', async () => {
      await record('hub');
      const { virtualRegistries, changeLog } = primary;
      const first = registryNamed('first', { hosts: ['a.test', 'b.test'] });
      await virtualRegistries.recordRegistry(first);
      const head = await changeLog.head();
      const unknown = registryNamed('second', { upstreams: ['hub', 'quay'], hosts: ['c.test'] });
      expect(await virtualRegistries.recordRegistry(unknown)).to.deep.equal({
        kind: 'unknown-upstream',
        name: 'quay',
      });
      const taken = registryNamed('second', { hosts: ['c.test', 'b.test', 'a.test'] });
      expect(await virtualRegistries.recordRegistry(taken)).to.deep.equal({
        kind: 'host-taken',
        host: 'b.test',
        registry: 'first',
      });
      expect(await virtualRegistries.findRegistry('second')).to.equal(undefined);
      expect(await virtualRegistries.findRegistryOfHost('c.test')).to.equal(undefined);
      expect(await changeLog.head()).to.equal(head);
    });

    it('gives a host to one of many who want it at once', async () => {
      const { virtualRegistries } = primary;
      const wanted = ['a', 'b', 'c', 'd'].map((one) => registryNamed(one, { hosts: ['m.test'] }));
      const outcomes = await Promise.all(
        wanted.map((registry) => virtualRegistries.recordRegistry(registry)),
      );
      const kinds = outcomes.map(({ kind }) => kind).sort();
      expect(kinds).to.deep.equal(['host-taken', 'host-taken', 'host-taken', 'recorded']);
      expect(await virtualRegistries.listRegistries({ limit: 9 })).to.have.lengthOf(1);
    });

    it('deletes a registry and leaves its upstreams, with their cache', async () => {
      await record('hub');
      const { virtualRegistries, changeLog } = primary;
      await virtualRegistries.recordRegistry(
        registryNamed('all', { upstreams: ['hub'], hosts: ['a.test'] }),
      );
      await cache(primary, 'hub');
      await catchUp();
      expect(await virtualRegistries.deleteRegistry('all')).to.equal(true);
      const head = await changeLog.head();
      expect(await virtualRegistries.deleteRegistry('all')).to.equal(false);
      expect(await changeLog.head()).to.equal(head);
      await catchUp();
      for (const ports of [primary, secondary]) {
        expect(await ports.virtualRegistries.findRegistry('all')).to.equal(undefined);
        expect(await ports.virtualRegistries.findRegistryOfHost('a.test')).to.equal(undefined);
        expect(await ports.virtualRegistries.findUpstream('hub')).not.to.equal(undefined);
      }
      expect(await cachedOf(primary, 'hub')).to.deep.equal(ALL);
    });

    it('takes a deleted upstream out of every registry, and its cache at every site', async () => {
      await record('hub', 'quay', 'gcr');
      const { virtualRegistries } = primary;
      await virtualRegistries.recordRegistry(
        registryNamed('one', { upstreams: ['gcr', 'hub', 'quay'] }),
      );
      await virtualRegistries.recordRegistry(registryNamed('two', { upstreams: ['hub'] }));
      await catchUp();
      for (const ports of [primary, secondary]) {
        await cache(ports, 'hub');
        await cache(ports, 'quay');
      }
      expect(await virtualRegistries.deleteUpstream('hub')).to.equal(true);
      expect(await virtualRegistries.deleteUpstream('hub')).to.equal(false);
      await catchUp();
      for (const ports of [primary, secondary]) {
        const one = await ports.virtualRegistries.findRegistry('one');
        expect(one?.upstreams).to.deep.equal(['gcr', 'quay']);
        expect((await ports.virtualRegistries.findRegistry('two'))?.upstreams).to.deep.equal([]);
        expect(await cachedOf(ports, 'hub')).to.deep.equal([]);
        expect(await cachedOf(ports, 'quay')).to.deep.equal(ALL);
      }
    });

    it('V20 purges an entry, an image or an upstream at every site, and says so', async () => {
      await record('hub', 'quay');
      await catchUp();
      const { virtualRegistries, changeLog } = primary;
      const purges = [
        { reference: { kind: 'tag', tag: latest } as const, image, left: ALL.toSpliced(1, 1) },
        { image, left: ALL.slice(2) },
        { left: [] },
      ];
      for (const { left, ...purge } of purges) {
        for (const ports of [primary, secondary]) {
          await cache(ports, 'hub');
          await cache(ports, 'quay');
        }
        const head = await changeLog.head();
        await virtualRegistries.purge({ upstream: 'hub', ...purge });
        expect(await cachedOf(primary, 'hub')).to.deep.equal(left);
        expect(await cachedOf(secondary, 'hub')).to.deep.equal(ALL);
        await catchUp();
        expect(await cachedOf(secondary, 'hub')).to.deep.equal(left);
        for (const ports of [primary, secondary]) {
          expect(await cachedOf(ports, 'quay')).to.deep.equal(ALL);
        }
        expect(await changeLog.head()).to.equal(head + 1);
        const [change] = await secondary.changeLog.list({ after: head, limit: 9 });
        const fact = { kind: 'cache-purged', purge: { upstream: 'hub', ...purge } };
        expect(change!.fact).to.deep.equal(fact);
      }
    });

    it('empties the cache of an upstream that leads elsewhere, and of no other', async () => {
      await record('hub');
      await catchUp();
      for (const ports of [primary, secondary]) await cache(ports, 'hub');
      const { virtualRegistries } = primary;
      const same = upstreamNamed('hub', { validityHours: 1, description: 'new' });
      await virtualRegistries.recordUpstream(same);
      await catchUp();
      for (const ports of [primary, secondary]) {
        expect(await cachedOf(ports, 'hub')).to.deep.equal(ALL);
      }
      const { name, origin } = same;
      const elsewhere = [
        upstreamNamed(name, { origin: { ...origin, rewritesLibrary: true } as typeof origin }),
        upstreamNamed('hub', { url: 'https://other.test' }),
        upstreamNamed('hub', { origin: { kind: 'local', prefix: image } }),
        upstreamNamed('hub', { origin: { kind: 'local', prefix: other } }),
      ];
      for (const upstream of elsewhere) {
        await virtualRegistries.recordUpstream(upstream);
        await catchUp();
        for (const ports of [primary, secondary]) {
          expect(await cachedOf(ports, 'hub')).to.deep.equal([]);
          await cache(ports, 'hub');
        }
      }
    });

    it('empties the cache of a site whose log begins anew: it may miss a purge', async () => {
      await record('hub');
      await catchUp();
      await cache(secondary, 'hub');
      await secondary.changeLog.restartAt(50, 1);
      expect(await cachedOf(secondary, 'hub')).to.deep.equal([]);
      expect(await secondary.virtualRegistries.findUpstream('hub')).not.to.equal(undefined);
    });

    it('passes over an upstream that a snapshot did not bring, and moves a host', async () => {
      const rows = [
        rowOf(registryNamed('a', { upstreams: ['later'], hosts: ['m.test'] })),
        rowOf(registryNamed('b', { hosts: ['m.test'] })),
      ];
      await secondary.snapshot.replace({ part: 'virtual-registries', rows });
      const { virtualRegistries } = secondary;
      expect(await virtualRegistries.findRegistry('a')).to.deep.equal(registryNamed('a'));
      expect((await virtualRegistries.findRegistryOfHost('m.test'))?.name).to.equal('b');
    });

    it('changes nothing at a secondary', async () => {
      const attempts = [
        () => secondary.virtualRegistries.recordUpstream(upstreamNamed('hub')),
        () => secondary.virtualRegistries.deleteUpstream('hub'),
        () => secondary.virtualRegistries.recordRegistry(registryNamed('all')),
        () => secondary.virtualRegistries.deleteRegistry('all'),
        () => secondary.virtualRegistries.purge({ upstream: 'hub' }),
      ];
      for (const attempt of attempts) {
        const failure = await attempt().catch((error: unknown) => error);
        expect(failure).to.be.instanceOf(NotPrimary);
      }
      expect(await secondary.virtualRegistries.findUpstream('hub')).to.equal(undefined);
    });
  });
}

async function cachedOf(ports: TestPorts, upstream: string): Promise<string[]> {
  const entries = await ports.virtualCache.listEntries({ upstream, limit: 99 });
  return entries.map((entry) => `${entry.image}:${entry.tag}`);
}

/** As a snapshot brings it. */
function rowOf(registry: VirtualRegistry) {
  return { key: [registry.name], fact: { kind: 'virtual-registry-recorded', registry } };
}
