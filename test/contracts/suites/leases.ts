/** What every maker of leases promises. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Leases } from '../../../src/storage/leases.ts';

export function describeLeasesContract(name: string, open: () => Promise<Leases>): void {
  describe(`Leases: ${name}`, () => {
    let leases: Leases;

    before(async () => {
      leases = await open();
    });

    it('gives a lease to one of many at once, and lengthens it for that one alone', async () => {
      const holders = ['a', 'b', 'c', 'd', 'e'];
      const taken = await Promise.all(holders.map((holder) => leases.take('x', holder, 60_000)));
      expect(taken.filter(Boolean)).to.have.lengthOf(1);
      const winner = holders[taken.indexOf(true)]!;
      expect(await leases.take('x', winner, 60_000)).to.equal(true);
      const loser = holders[taken.indexOf(false)]!;
      expect(await leases.take('x', loser, 60_000)).to.equal(false);
    });

    it('gives it to the next when it was given back, by its holder only', async () => {
      expect(await leases.take('y', 'first', 60_000)).to.equal(true);
      await leases.release('y', 'second');
      expect(await leases.take('y', 'second', 60_000)).to.equal(false);
      await leases.release('y', 'first');
      await leases.release('y', 'first');
      expect(await leases.take('y', 'second', 60_000)).to.equal(true);
    });

    it('gives it to the next when it is over', async () => {
      expect(await leases.take('z', 'first', 1)).to.equal(true);
      await sleep(20);
      expect(await leases.take('z', 'second', 60_000)).to.equal(true);
      expect(await leases.take('z', 'first', 60_000)).to.equal(false);
    });
  });
}
