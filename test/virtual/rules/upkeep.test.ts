import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import type { VirtualRegistry } from '../../../src/oci/virtual-registry.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { registryNamed } from '../../support/virtual/cached.ts';
import { call, imageWith, openStand, putImage, ref, type Stand, upstreamNamed } from './stand.ts';

const MAKERS: Readonly<Record<string, OpenPorts>> = {
  memory: openMemoryPorts,
  PostgreSQL: openPostgresPorts,
};

for (const [maker, openPorts] of Object.entries(MAKERS)) describeUpkeep(maker, openPorts);

function describeUpkeep(maker: string, openPorts: OpenPorts): void {
  describe(`the upkeep of virtual registries, cached in ${maker}`, () => {
    let ports: Awaited<ReturnType<OpenPorts>>;
    let stand: Stand;

    before(async () => {
      ports = await openPorts();
    });

    after(() => ports.close());

    beforeEach(async () => {
      stand = await openStand({ ports });
    });

    afterEach(async () => {
      await stand.virtual.close();
      await ports.virtualRegistries.deleteUpstream('a');
      for (const name of ['hub', 'other']) await ports.virtualRegistries.deleteRegistry(name);
    });

    const set = (rest: Partial<VirtualRegistry>) => stand.set([upstreamNamed('a')], rest);

    /** An image of about 10,000 bytes, pulled whole. */
    async function pull(tag: string): Promise<void> {
      const image = imageWith(tag, [Buffer.alloc(10_000, tag)]);
      putImage(stand.remote('a'), image, { tag });
      await stand.virtual.getManifest(call(), ref(tag));
      for (const bytes of image.blobs) {
        const blob = await stand.virtual.getBlob(call(), digestOf(bytes));
        await buffer(await stand.virtual.openBlob(call(), blob));
      }
      await settle();
    }

    /** Pulls are counted, and blobs known to be here. */
    async function settle(): Promise<void> {
      await stand.fill.settle();
      await stand.virtual.close();
    }

    async function cachedTags(): Promise<string[]> {
      const page = await ports.virtualCache.listEntries({ upstream: 'a', limit: 100 });
      return page.flatMap(({ tag }) => tag ?? []).sort();
    }

    it('V19 takes out what nobody pulled for so many days', async () => {
      await set({ unusedDays: 3 });
      await pull('old');
      stand.clock.advance({ hours: 48 });
      await pull('new');
      stand.clock.advance({ hours: 36 });
      expect(await stand.virtual.cleanUp()).to.deep.equal({ entries: 1 });
      expect(await cachedTags()).to.deep.equal(['new']);
      expect(await stand.virtual.cleanUp()).to.deep.equal({ entries: 0 });
    });

    it('V19 keeps what another registry would keep for longer', async () => {
      await set({ unusedDays: 3 });
      await ports.virtualRegistries.recordRegistry(registryNamed('other', { upstreams: ['a'] }));
      await pull('old');
      stand.clock.advance({ hours: 100 });
      expect(await stand.virtual.cleanUp()).to.deep.equal({ entries: 0 });
    });

    it('V19 takes out what was not pulled for longest where there is too much', async () => {
      await set({ maxBytes: 25_000 });
      for (const tag of ['1', '2', '3']) {
        await pull(tag);
        stand.clock.advance({ hours: 1 });
      }
      await pull('1');
      stand.clock.advance({ hours: 1 });
      expect(await stand.virtual.cleanUp()).to.deep.equal({ entries: 1 });
      expect(await cachedTags()).to.deep.equal(['1', '3']);
    });

    it('V19 leaves alone what is being pulled', async () => {
      await set({ maxBytes: 1 });
      await pull('1');
      expect(await stand.virtual.cleanUp()).to.deep.equal({ entries: 0 });
      stand.clock.advance({ hours: 1 });
      expect(await stand.virtual.cleanUp()).to.deep.equal({ entries: 1 });
    });

    it('V19 brings again what was taken out', async () => {
      await set({ unusedDays: 1 });
      await pull('1');
      stand.clock.advance({ hours: 25 });
      await stand.virtual.cleanUp();
      await pull('1');
      const { source } = await stand.virtual.getManifest(call(), ref('1'));
      expect(source).to.equal('hit');
    });

    it('V19 counts pulls, hits, misses, and what was saved', async () => {
      await set({});
      await pull('1');
      await pull('1');
      await stand.virtual.headManifest(call(), ref('1'));
      const [entry] = await ports.virtualCache.listEntries({ upstream: 'a', limit: 1 });
      expect(entry?.pulls).to.equal(2);
      const { upstreams, ...counts } = await stand.virtual.readStatistics('hub');
      const bytes = imageWith('1').content.length;
      expect(counts.bytesToClients - 2 * bytes).to.be.greaterThan(20_000);
      expect(counts).to.deep.include({ hits: 1, stale: 0, misses: 1, callsSaved: 3 });
      expect(counts.bytesFromUpstreams).to.equal(10_001);
      expect(upstreams).to.deep.equal([{ upstream: 'a' }]);
    });

    it("V19 shows what is left of an upstream's limit", async () => {
      await set({});
      const rateLimit = { limit: 100, remaining: 7, windowSeconds: 21_600, heardAt: new Date() };
      stand.remote('a').rateLimit = rateLimit;
      const { upstreams } = await stand.virtual.readStatistics('hub');
      expect(upstreams).to.deep.equal([{ upstream: 'a', rateLimit }]);
    });
  });
}
