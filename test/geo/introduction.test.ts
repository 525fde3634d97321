import { expect } from 'chai';
import { Introduction } from '../../src/geo/introduction.ts';
import { StorageUnavailable } from '../../src/storage/failure.ts';

describe('the introduction of a site to another one', () => {
  let now = 0;
  let tokens = 0;
  let epoch = 3;
  let isAway = false;
  const sites = {
    getRole: async () => {
      if (isAway) throw new StorageUnavailable('the database is away');
      return { role: 'secondary' as const, epoch };
    },
  };
  const authorize = () => `Meridian-Site ${(tokens += 1)}`;
  const open = () => new Introduction({ sites, authorize, clock: { elapsedMs: () => now } });

  beforeEach(() => {
    [now, tokens, epoch, isAway] = [0, 0, 3, false];
  });

  it('says who calls and in which epoch', async () => {
    expect(await open().read()).to.deep.equal({
      authorization: 'Meridian-Site 1',
      'meridian-epoch': '3',
    });
  });

  it('serves all calls of a second, and is made anew after it', async () => {
    const { read } = open();
    await Promise.all([read(), read()]);
    now = 999;
    await read();
    expect(tokens).to.equal(1);
    now = 1000;
    epoch = 4;
    expect((await read())['meridian-epoch']).to.equal('4');
    expect(tokens).to.equal(2);
  });

  it('is tried anew at once where the database was away', async () => {
    const { read } = open();
    isAway = true;
    const failure = await read().catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StorageUnavailable);
    isAway = false;
    expect((await read())['authorization']).to.equal('Meridian-Site 1');
  });
});
