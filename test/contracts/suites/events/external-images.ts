/** What every maker of `ExternalImages` and `EventTokens` keeps. */
import { expect } from 'chai';
import type { ToldImage } from '../../../../src/storage/events/external-images.ts';
import { imageOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';
import { until } from '../../../two-sites/client.ts';

const at = new Date('2026-11-21T12:00:00.000Z');
const after = (seconds: number) => new Date(at.getTime() + seconds * 1000);

const told = (eventId: string, change: Partial<ToldImage> = {}): ToldImage => {
  const { digest, mediaType } = imageOf(eventId);
  const repository = repositoryNamed('acme/app');
  const common = { eventId, source: 'registry.test:5000', repository, digest, mediaType };
  return { ...common, sizeBytes: 5, actor: 'ann', pushedAt: at, receivedAt: at, ...change };
};
const order = {
  upstream: 'partner',
  image: repositoryNamed('acme/app'),
  copiedAs: repositoryNamed('mirrors/acme/app'),
};
const tag = tagNamed('v1');

export function describeExternalImagesContract(name: string, open: OpenPorts): void {
  describe(`ExternalImages in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const record = (...images: ToldImage[]) =>
      ports.externalImages.record(images.map((image) => ({ image, order })));
    const statesOf = async () =>
      (await ports.externalImages.list({ limit: 10 })).map(({ eventId, state }) => {
        return `${eventId} ${state}`;
      });

    it('records what was told, each event of a source once', async () => {
      const { externalImages } = ports;
      const image = told('a', { tag });
      const twice = [{ image }, { image }, { image: told('b'), order }];
      expect(await externalImages.record(twice)).to.deep.equal({ recorded: 2, queued: 1 });
      expect(await externalImages.record(twice)).to.deep.equal({ recorded: 0, queued: 0 });
      const elsewhere = [{ image: { ...image, source: 'other.test' } }];
      expect(await externalImages.record(elsewhere)).to.include({ recorded: 1 });
      const [, b, a] = await externalImages.list({ limit: 10 });
      const rest = { attempts: 0, queuedAt: at };
      expect(a).to.deep.equal({ ...image, ...rest, id: a!.id, state: 'recorded' });
      const waiting = { ...told('b'), ...order, ...rest, state: 'waiting' };
      expect(b).to.deep.equal({ ...waiting, id: b!.id });
      expect(await externalImages.find(b!.id)).to.deep.equal(b);
      expect(await externalImages.find(10_000)).to.equal(undefined);
    });

    it('lists by pages and by state, the newest first', async () => {
      const { externalImages } = ports;
      await externalImages.record([{ image: told('a') }]);
      await record(told('b'));
      await externalImages.record([{ image: told('c') }]);
      const [first] = await externalImages.list({ limit: 1 });
      expect(first!.eventId).to.equal('c');
      const rest = await externalImages.list({ limit: 5, after: first!.id });
      expect(rest.map(({ eventId }) => eventId)).to.deep.equal(['b', 'a']);
      const recorded = await externalImages.list({ limit: 5, state: 'recorded' });
      expect(recorded.map(({ eventId }) => eventId)).to.deep.equal(['c', 'a']);
    });

    it('copies of a tag only what was pushed last, however it is told', async () => {
      await record(told('old', { tag }), told('new', { tag, pushedAt: after(5) }));
      await record(told('late', { tag, pushedAt: after(2) }));
      await record(told('other', { tag: tagNamed('v2') }), told('digest'));
      expect(await statesOf()).to.deep.equal([
        'digest waiting',
        'other waiting',
        'late superseded',
        'new waiting',
        'old superseded',
      ]);
    });

    it('gives what waits in the order of its times, until it is settled', async () => {
      const { externalImages } = ports;
      await record(told('a'), told('b'), told('c'));
      const [a, b, c] = await externalImages.listNext(5);
      const failure = { at: after(1), message: 'away' };
      await externalImages.settle(a!.id, { ...failure, state: 'waiting', nextTryAt: after(9) });
      await externalImages.settle(b!.id, { ...failure, state: 'waiting', nextTryAt: after(5) });
      const next = await externalImages.listNext(5);
      expect(next.map(({ eventId }) => eventId)).to.deep.equal(['c', 'b', 'a']);
      expect(next[2]).to.deep.include({ attempts: 1, nextTryAt: after(9), message: 'away' });
      await externalImages.settle(c!.id, { at: after(2), state: 'copied', message: 'done' });
      await externalImages.settle(c!.id, { at: after(3), state: 'failed', message: 'again' });
      const copied = await externalImages.find(c!.id);
      expect(copied).to.deep.include({ state: 'copied', attempts: 1, triedAt: after(2) });
      expect(await externalImages.listNext(1)).to.have.lengthOf(1);
    });

    it('tries again what was given up where somebody says so', async () => {
      const { externalImages } = ports;
      await record(told('a'), told('b'));
      const [a, b] = await externalImages.listNext(5);
      const failure = { at: after(1), state: 'failed', message: 'gone' } as const;
      for (const { id } of [a!, b!]) await externalImages.settle(id, failure);
      expect(await externalImages.listNext(5)).to.deep.equal([]);
      expect(await externalImages.retry(after(9), b!.id)).to.equal(1);
      const fresh = { ...b!, queuedAt: after(9) };
      expect(await externalImages.listNext(5)).to.deep.equal([fresh]);
      expect(await externalImages.retry(after(9))).to.equal(1);
      expect(await externalImages.retry(after(9))).to.equal(0);
    });

    it('wakes who waits for something to copy', async () => {
      const { externalImages } = ports;
      let calls = 0;
      const stop = externalImages.watch(() => (calls += 1));
      await until('it listens', async () => {
        await record(told(`event-${calls}-${Math.random()}`));
        return calls > 0;
      });
      stop();
    });

    it('forgets what is older, unless it waits', async () => {
      const { externalImages } = ports;
      await externalImages.record([{ image: told('a') }, { image: told('b'), order }]);
      expect(await externalImages.deleteBefore(at)).to.equal(0);
      expect(await externalImages.deleteBefore(after(1))).to.equal(1);
      expect(await statesOf()).to.deep.equal(['b waiting']);
    });

    it('keeps the first word of a token until another one is put in its place', async () => {
      const { eventTokens } = ports;
      expect(await eventTokens.find()).to.equal(undefined);
      expect(await eventTokens.establish('one')).to.equal('one');
      expect(await eventTokens.establish('two')).to.equal('one');
      await eventTokens.replace('three');
      expect(await eventTokens.find()).to.equal('three');
    });
  });
}
