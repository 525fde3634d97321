/** What every ledger promises. */
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import type {
  Lane,
  Ledger,
  LedgerClaim,
  LedgerFailure,
  Want,
} from '../../../src/storage/geo/ledger.ts';

export type OpenLedger = (test: Mocha.Context) => Promise<{
  readonly ledger: Ledger;
  /** Takes everything away, as a FLUSHALL does. */
  readonly lose: () => Promise<Ledger>;
}>;

const want = (name: string, lane: Lane, sizeBytes = 10): Want => ({
  digest: digestOf(name),
  sizeBytes,
  repository: 'acme/app',
  lane,
  since: new Date(1000),
});

/** A claim at the given second, with a lease of ten. */
const claimAt = (second: number, holder = 'worker-1'): LedgerClaim => ({
  holder,
  now: new Date(second * 1000),
  leaseUntil: new Date((second + 10) * 1000),
});

const since = (second: number) => ({ since: new Date(second * 1000) });

export function describeLedgerContract(name: string, open: OpenLedger): void {
  describe(`Ledger: ${name}`, () => {
    let ledger: Ledger;
    let lose: () => Promise<Ledger>;

    beforeEach(async function () {
      ({ ledger, lose } = await open(this));
    });

    it('gives out the lanes in their order, and each lane as it came', async () => {
      await ledger.want([want('b1', 'backfill'), want('f1', 'fresh'), want('f2', 'fresh')]);
      await ledger.want([want('d1', 'demand')]);
      const names = ['d1', 'f1', 'f2', 'b1'];
      for (const expected of names) {
        const entry = await ledger.claim(claimAt(0));
        expect(entry?.digest).to.equal(digestOf(expected));
        expect(entry).to.include({ state: 'transferring', attempts: 1, offset: 0, sizeBytes: 10 });
      }
      expect(await ledger.claim(claimAt(0))).to.equal(undefined);
    });

    it('takes a want twice as one, and moves it up but never down', async () => {
      await ledger.want([want('first', 'fresh'), want('x', 'backfill'), want('x', 'backfill')]);
      await ledger.want([want('x', 'demand')]);
      await ledger.want([want('x', 'fresh')]);
      expect((await ledger.status()).objects).to.deep.equal({ demand: 1, fresh: 1, backfill: 0 });
      expect((await ledger.claim(claimAt(0)))?.digest).to.equal(digestOf('x'));
      expect((await ledger.claim(claimAt(0)))?.digest).to.equal(digestOf('first'));
    });

    it('moves up also what is being transferred, without giving it out twice', async () => {
      await ledger.want([want('x', 'backfill')]);
      await ledger.claim(claimAt(0));
      await ledger.want([want('x', 'demand')]);
      expect(await ledger.claim(claimAt(1))).to.equal(undefined);
      expect(await ledger.find(digestOf('x'))).to.include({
        lane: 'demand',
        state: 'transferring',
      });
    });

    it('gives an entry to one of many who claim at once', async () => {
      await ledger.want([want('x', 'fresh'), want('y', 'fresh')]);
      const claims = Array.from({ length: 20 }, (_, n) => ledger.claim(claimAt(0, `worker-${n}`)));
      const given = (await Promise.all(claims)).filter((entry) => entry !== undefined);
      expect(given.map((entry) => entry.digest)).to.have.members([digestOf('x'), digestOf('y')]);
    });

    it('gives an entry out again when its lease is over, with its offset', async () => {
      await ledger.want([want('x', 'fresh')]);
      await ledger.claim(claimAt(0));
      const x = digestOf('x');
      expect(await ledger.advance(x, { ...claimAt(5), offset: 7 })).to.equal(true);
      expect(await ledger.claim(claimAt(14, 'worker-2'))).to.equal(undefined);
      const again = await ledger.claim(claimAt(15, 'worker-2'));
      expect(again).to.include({ offset: 7, attempts: 2, state: 'transferring' });
      expect(await ledger.advance(x, { ...claimAt(16), offset: 9 })).to.equal(false);
      expect(await ledger.fail(x, failure('late', 20))).to.equal(false);
      expect((await ledger.find(x))?.offset).to.equal(7);
    });

    it('keeps a failed entry back until its time, and says why it failed', async () => {
      await ledger.want([want('x', 'fresh')]);
      await ledger.claim(claimAt(0));
      expect(await ledger.fail(digestOf('x'), failure('answered with 503', 30))).to.equal(true);
      expect(await ledger.find(digestOf('x'))).to.deep.include({
        state: 'failed',
        reason: 'primary-away',
        message: 'answered with 503',
        nextTryAt: new Date(30_000),
      });
      expect((await ledger.status()).failed).to.equal(1);
      expect(await ledger.claim(claimAt(29))).to.equal(undefined);
      expect(await ledger.claim(claimAt(30))).to.include({ state: 'transferring', attempts: 2 });
      expect((await ledger.status()).failed).to.equal(0);
    });

    it('counts objects, bytes and states', async () => {
      await ledger.want([
        want('a', 'fresh', 100),
        want('b', 'backfill', 20),
        want('c', 'fresh', 3),
      ]);
      await ledger.claim(claimAt(0));
      expect(await ledger.status()).to.deep.equal({
        objects: { demand: 0, fresh: 2, backfill: 1 },
        bytes: 123,
        bytesStaged: 0,
        transferring: 1,
        failed: 0,
        oldestSince: new Date(1000),
        settledBytes: 0,
        settledObjects: 0,
      });
    });

    it('counts what stagings hold already, and what was settled', async () => {
      await ledger.want([want('a', 'fresh', 100), want('b', 'fresh', 20)]);
      await ledger.claim(claimAt(0));
      for (const offset of [30, 70, 60]) {
        await ledger.advance(digestOf('a'), { ...claimAt(1), offset });
      }
      expect(await ledger.status()).to.include({ bytes: 120, bytesStaged: 60, settledBytes: 0 });
      await ledger.settle(digestOf('a'));
      const expected = { bytes: 20, bytesStaged: 0, settledBytes: 100, settledObjects: 1 };
      expect(await ledger.status()).to.include(expected);
    });

    it('knows the oldest of what waits, by the oldest fact that names it', async () => {
      const oldest = async () => (await ledger.status()).oldestSince?.getTime();
      await ledger.want([{ ...want('a', 'fresh'), ...since(50) }]);
      await ledger.want([{ ...want('b', 'backfill'), ...since(40) }]);
      expect(await oldest()).to.equal(40_000);
      await ledger.want([{ ...want('a', 'fresh'), ...since(30) }]);
      await ledger.want([{ ...want('a', 'fresh'), ...since(60) }]);
      expect(await oldest()).to.equal(30_000);
      expect((await ledger.claim(claimAt(0)))?.since).to.deep.equal(new Date(30_000));
      await ledger.settle(digestOf('a'));
      expect(await oldest()).to.equal(40_000);
      await ledger.settle(digestOf('b'));
      expect(await oldest()).to.equal(undefined);
    });

    it('gives out of the lanes that are asked for alone', async () => {
      await ledger.want([want('b', 'backfill'), want('f', 'fresh'), want('d', 'demand')]);
      const claim = (lanes: readonly Lane[]) => ledger.claim(claimAt(0), lanes);
      expect((await claim(['fresh', 'demand']))?.digest).to.equal(digestOf('d'));
      expect((await claim(['fresh', 'demand']))?.digest).to.equal(digestOf('f'));
      expect(await claim(['demand', 'fresh'])).to.equal(undefined);
      expect((await claim(['backfill']))?.digest).to.equal(digestOf('b'));
    });

    it('finds many at once, and lists those that failed last, page by page', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      await ledger.want(names.map((each) => want(each, 'fresh')));
      for (const each of names) {
        await ledger.claim(claimAt(0));
        if (each !== 'e') await ledger.fail(digestOf(each), failure(each, 5));
      }
      await ledger.claim(claimAt(5));
      await ledger.settle(digestOf('b'));
      const digests = [...names, 'unknown'].map((each) => digestOf(each));
      expect(await ledger.findAll(digests)).to.have.lengthOf(4);
      const expected = ['c', 'd'].map((each) => digestOf(each)).sort();
      const first = await ledger.listFailures({ limit: 1 });
      const rest = await ledger.listFailures({ after: first[0]!.digest, limit: 5 });
      expect([...first, ...rest].map(({ digest }) => digest)).to.deep.equal(expected);
      expect(first[0]).to.include({ state: 'failed', reason: 'primary-away' });
      expect((await ledger.status()).failed).to.equal(2);
    });

    it('forgets what is settled, in whatever state it is, and once only', async () => {
      await ledger.want([want('a', 'fresh'), want('b', 'fresh'), want('c', 'fresh')]);
      await ledger.claim(claimAt(0));
      await ledger.claim(claimAt(0));
      await ledger.fail(digestOf('b'), failure('gone', 5));
      for (const name of ['a', 'b', 'c', 'c']) await ledger.settle(digestOf(name));
      expect(await ledger.claim(claimAt(60))).to.equal(undefined);
      expect(await ledger.find(digestOf('a'))).to.equal(undefined);
      expect(await ledger.status()).to.deep.equal({
        objects: { demand: 0, fresh: 0, backfill: 0 },
        bytes: 0,
        bytesStaged: 0,
        transferring: 0,
        failed: 0,
        settledBytes: 30,
        settledObjects: 3,
      });
    });

    it('takes many wants at once', async () => {
      const wants = Array.from({ length: 1001 }, (_, n) => want(`blob ${n}`, 'backfill'));
      await ledger.want(wants);
      expect((await ledger.status()).objects.backfill).to.equal(1001);
    });

    it('knows whether it was filled, and that it was lost', async () => {
      expect(await ledger.isFilled()).to.equal(false);
      expect(await ledger.recordFilling('begun')).to.equal(false);
      expect(await ledger.isFilled()).to.equal(false);
      expect(await ledger.recordFilling('done')).to.equal(true);
      await ledger.want([want('x', 'fresh')]);
      expect(await ledger.isFilled()).to.equal(true);
      const after = await lose();
      expect(await after.isFilled()).to.equal(false);
      expect(await after.claim(claimAt(0))).to.equal(undefined);
      await after.want([want('y', 'fresh')]);
      expect((await after.claim(claimAt(0)))?.digest).to.equal(digestOf('y'));
    });

    it('is not filled by who began before it was lost, though it was filled once', async () => {
      await ledger.recordFilling('begun');
      await ledger.recordFilling('done');
      await ledger.recordFilling('begun');
      expect(await ledger.isFilled()).to.equal(false);
      const after = await lose();
      await after.want([want('behind the page that was lost', 'fresh')]);
      expect(await after.recordFilling('done')).to.equal(false);
      expect(await after.isFilled()).to.equal(false);
    });
  });
}

function failure(message: string, second: number): LedgerFailure {
  const retryAt = new Date(second * 1000);
  return { holder: 'worker-1', reason: 'primary-away', message, retryAt };
}
