/** What every maker of `Orders` and of `Inventory` keeps. */
import { expect } from 'chai';
import { NotPrimary } from '../../../src/storage/failure.ts';
import type { Order } from '../../../src/storage/geo/orders.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../support/ports.ts';

const repository = repositoryNamed('acme/app');

function orderOf(id: string, rest: Partial<Order> = {}): Order {
  return { id, site: 'lisbon', kind: 'reverify', ...rest };
}

export function describeOrdersContract(name: string, open: OpenPorts): void {
  describe(`Orders in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    it('gives the orders of a site, the oldest first, until they are settled', async () => {
      const [first, second] = [
        orderOf('b', { repository, digest: blobOf('a') }),
        orderOf('a', { kind: 'resync' }),
      ];
      await ports.orders.record(first);
      await ports.orders.record(orderOf('c', { site: 'rome' }));
      await ports.orders.record(second);
      expect(await ports.orders.findWaiting('lisbon')).to.deep.equal(first);
      await ports.orders.settle('b', { isDone: false, message: 'it went wrong' });
      expect(await ports.orders.findWaiting('lisbon')).to.deep.equal(second);
      await ports.orders.settle('a', { isDone: true, message: 'all is well' });
      expect(await ports.orders.findWaiting('lisbon')).to.equal(undefined);
      expect(await ports.orders.list('lisbon', 10)).to.deep.equal([
        { order: second, state: 'done', outcome: 'all is well' },
        { order: first, state: 'failed', outcome: 'it went wrong' },
      ]);
      expect(await ports.orders.list('lisbon', 1)).to.have.lengthOf(1);
      expect(await ports.orders.list('rome', 10)).to.deep.equal([
        { order: orderOf('c', { site: 'rome' }), state: 'waiting' },
      ]);
    });

    it('settles an order once, and passes over one that it does not know', async () => {
      await ports.orders.record(orderOf('a'));
      await ports.orders.settle('a', { isDone: true, message: 'first' });
      await ports.orders.settle('a', { isDone: false, message: 'second' });
      await ports.orders.settle('none', { isDone: false, message: 'second' });
      const [found] = await ports.orders.list('lisbon', 10);
      expect(found).to.include({ state: 'done', outcome: 'first' });
    });

    it('appends one change for an order, also where it is given twice', async () => {
      await ports.orders.record(orderOf('a'));
      await ports.orders.record(orderOf('a'));
      const changes = await ports.changeLog.list({ after: 0, limit: 10 });
      expect(changes.map(({ fact }) => fact)).to.deep.equal([
        { kind: 'site-ordered', order: orderOf('a') },
      ]);
    });

    it('takes none where this site is not the primary', async () => {
      await ports.sites.recordRole('secondary', 1);
      const failure: unknown = await ports.orders.record(orderOf('a')).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(NotPrimary);
      expect(await ports.orders.findWaiting('lisbon')).to.equal(undefined);
    });

    it('has the order at a secondary that applied the change, settled or not', async () => {
      const secondary = await open();
      try {
        await ports.orders.record(orderOf('a'));
        await secondary.sites.recordRole('secondary', 1);
        const changes = await ports.changeLog.list({ after: 0, limit: 10 });
        await secondary.changeLog.apply(changes);
        expect(await secondary.orders.findWaiting('lisbon')).to.deep.equal(orderOf('a'));
        await secondary.orders.settle('a', { isDone: true, message: 'done' });
        await secondary.changeLog.apply(changes);
        expect(await secondary.orders.findWaiting('lisbon')).to.equal(undefined);
        expect(await ports.orders.findWaiting('lisbon')).to.deep.equal(orderOf('a'));
      } finally {
        await secondary.close();
      }
    });
  });

  describe(`Inventory in ${name}`, () => {
    it('lists what a repository holds, in byte order, and nothing of another', async () => {
      const ports = await open();
      try {
        const { metadata, inventory } = ports;
        const empty = { manifests: [], tags: [], blobs: [] };
        expect(await inventory.readHolding(repository)).to.deep.equal(empty);
        const words = ['a', 'b', 'c'];
        for (const word of words) {
          const link = { digest: blobOf(word), sizeBytes: word.charCodeAt(0), actor: '' };
          await metadata.linkBlob({ ...link, repository });
          await metadata.linkBlob({ ...link, repository: repositoryNamed('acme/other') });
        }
        const manifest = imageOf('a');
        const tags = [tagNamed('v2'), tagNamed('V1')];
        await metadata.recordManifest({
          repository,
          manifest,
          tags,
          mayOverwrite: true,
          actor: '',
        });
        const { digest, mediaType } = manifest;
        expect(await inventory.readHolding(repository)).to.deep.equal({
          manifests: [{ digest, mediaType }],
          tags: [
            { name: 'V1', digest },
            { name: 'v2', digest },
          ],
          blobs: words
            .map((word) => ({ digest: blobOf(word), sizeBytes: word.charCodeAt(0) }))
            .sort((one, other) => (one.digest < other.digest ? -1 : 1)),
        });
      } finally {
        await ports.close();
      }
    });
  });
}
