import { expect } from 'chai';
import { joinCluster } from '../../src/geo/join.ts';
import { createLog } from '../../src/log.ts';
import { openMemoryPorts } from '../support/ports.ts';

const key = Buffer.alloc(32, 3);
const given = key.toString('base64url');

/** Joins a primary that answers so. */
async function join(secretKey: unknown, settled?: Buffer) {
  const ports = await openMemoryPorts();
  await ports.secretKeyStore.establish(Buffer.alloc(32, 1));
  const answer = { cluster: 'test', epoch: 1, secretKey } as never;
  const joining = joinCluster({
    ...ports,
    primarySite: { join: async () => answer },
    log: createLog('silent'),
    site: 'lisbon',
    url: 'http://lisbon.test',
    joinToken: 'token',
    secretKey: settled,
    makeKeys: () => ({ privateKey: 'private', publicKey: {} }),
  });
  return { ports, joining };
}

describe('joining a cluster', () => {
  it('keeps the key that the primary gave, in place of one of its own', async () => {
    const { ports, joining } = await join(given);
    await joining;
    expect(await ports.secretKeyStore.find()).to.deep.equal(key);
    await (await join(given, key)).joining;
  });

  it('says that a settled key is not the primary’s, and has not joined', async () => {
    const { ports, joining } = await join(given, Buffer.alloc(32, 4));
    const failure = await joining.catch((error: unknown) => error);
    expect((failure as Error).message).to.match(/^MERIDIAN_SECRET_KEY is not the key that/);
    expect(await ports.identityStore.find()).to.equal(undefined);
  });

  it('takes nothing else for a key', async () => {
    for (const wrong of [undefined, '', given.slice(1), 7]) {
      const failure = await (await join(wrong)).joining.catch((error: unknown) => error);
      expect((failure as Error).message).to.equal('the primary gave no key of the cluster');
    }
  });
});
