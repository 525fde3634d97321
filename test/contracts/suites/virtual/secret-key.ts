/** What every maker of `SecretKeyStore` keeps. */
import { expect } from 'chai';
import type { SecretKeyStore } from '../../../../src/storage/secret-key.ts';

export interface OpenStore {
  readonly store: SecretKeyStore;
  /** As another process, or the next start, opens it. */
  reopen(): SecretKeyStore;
  close(): Promise<void>;
}

const key = (byte: number) => Buffer.alloc(32, byte);

export function describeSecretKeyStoreContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`SecretKeyStore in ${name}`, () => {
    let opened: OpenStore;

    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    it('has no key before the first start', async () => {
      expect(await opened.store.find()).to.equal(undefined);
    });

    it('keeps the first key, and gives it to whoever comes later', async () => {
      expect(await opened.store.establish(key(1))).to.deep.equal(key(1));
      expect(await opened.reopen().establish(key(2))).to.deep.equal(key(1));
      expect(await opened.reopen().find()).to.deep.equal(key(1));
    });

    it('gives one key to all processes that start at once', async () => {
      const bytes = [1, 2, 3, 4, 5, 6];
      const given = await Promise.all(bytes.map((byte) => opened.reopen().establish(key(byte))));
      const kept = await opened.store.find();
      expect(given).to.deep.equal(bytes.map(() => kept));
    });

    it('replaces a key', async () => {
      await opened.store.replace(key(1));
      await opened.store.replace(key(2));
      await opened.store.replace(key(2));
      expect(await opened.reopen().find()).to.deep.equal(key(2));
    });
  });
}
