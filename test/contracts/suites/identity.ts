/** What every maker of `IdentityStore` keeps. */
import { expect } from 'chai';
import type { IdentityStore, UploadKey } from '../../../src/storage/identity.ts';
import type { OpenPeople, PeoplePorts } from '../../support/people-ports.ts';

const IDENTITY = { cluster: 'acme', site: 'lisbon', privateKey: '-----BEGIN…\n…\n' };

function key(kid: string, minute: number): UploadKey {
  return { kid, secret: `secret of ${kid}`, createdAt: new Date(Date.UTC(2026, 0, 1, 0, minute)) };
}

export function describeIdentityStoreContract(name: string, open: OpenPeople): void {
  describe(`IdentityStore in ${name}`, () => {
    let ports: PeoplePorts;
    let store: IdentityStore;

    beforeEach(async () => {
      ports = await open();
      store = ports.identityStore;
    });
    afterEach(() => ports.close());

    it('has no identity before the first start', async () => {
      expect(await store.find()).to.equal(undefined);
    });

    it('keeps the first identity, and gives it to whoever comes later', async () => {
      expect(await store.establish(IDENTITY)).to.deep.equal(IDENTITY);
      const later = await store.establish({ ...IDENTITY, privateKey: 'another' });
      expect(later).to.deep.equal(IDENTITY);
      expect(await store.find()).to.deep.equal(IDENTITY);
    });

    it('gives one identity to all machines that start at once', async () => {
      const machines = ['1', '2', '3', '4', '5', '6'];
      const given = await Promise.all(
        machines.map((privateKey) => store.establish({ ...IDENTITY, privateKey })),
      );
      const winner = await store.find();
      expect(given).to.deep.equal(machines.map(() => winner));
    });

    it('lists upload keys, the newest first', async () => {
      expect(await store.listUploadKeys()).to.deep.equal([]);
      await store.recordUploadKey(key('b', 2));
      await store.recordUploadKey(key('a', 1));
      await store.recordUploadKey(key('c', 3));
      const keys = await store.listUploadKeys();
      expect(keys).to.deep.equal([key('c', 3), key('b', 2), key('a', 1)]);
    });

    it('deletes an upload key', async () => {
      await store.recordUploadKey(key('a', 1));
      await store.recordUploadKey(key('b', 2));
      await store.deleteUploadKey('a');
      await store.deleteUploadKey('a');
      expect(await store.listUploadKeys()).to.deep.equal([key('b', 2)]);
    });
  });
}
