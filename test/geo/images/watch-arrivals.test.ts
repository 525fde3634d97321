import { expect } from 'chai';
import { systemClock as clock } from '../../../src/clock.ts';
import { type SeenArrival, watchArrivals } from '../../../src/geo/images/watch-arrivals.ts';
import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { makeImage, push, until } from '../../two-sites/client.ts';
import { openPair, type Pair } from '../../two-sites/pair.ts';

for (const [where, openPorts] of [
  ['memory', openMemoryPorts],
  ['PostgreSQL', openPostgresPorts],
] as const) {
  describe(`arrivals that are watched, in ${where}`, function () {
    this.timeout(60_000);
    const seen: SeenArrival[] = [];
    const ending = new AbortController();
    let pair: Pair;
    let watching: Promise<void>;
    const onArrival = (arrival: SeenArrival) => void seen.push(arrival);

    before(async () => {
      pair = await openPair(openPorts);
      await push({ site: pair.primary.url, name: 'team/app:before' }, makeImage(10));
      const stores = { ...pair.primary.ports, clock };
      watching = watchArrivals(stores, { own: 'tokyo', onArrival }, ending.signal);
    });
    after(async () => {
      ending.abort();
      await watching;
      await pair.close();
    });

    it('are told once for each tag, whichever site took the push', async () => {
      const image = makeImage(1000);
      await push({ site: pair.primary.url, name: 'team/app:1' }, image);
      await until('it is told', async () => seen.length === 1);
      const { elapsedMs, ...arrival } = seen[0]!;
      const { digest } = image;
      expect(arrival).to.deep.equal({ site: 'lisbon', repository: 'team/app', tag: '1', digest });
      expect(elapsedMs).to.be.within(0, 10_000);
      await push({ site: pair.secondary.url, name: 'team/app:2' }, image);
      await until('it is told', async () => seen.length === 2);
      expect(seen[1]).to.deep.include({ tag: '2', digest, elapsedMs: 0 });
    });
  });
}
