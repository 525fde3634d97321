import type { Socket } from 'node:net';
import { expect } from 'chai';
import { AddressRule } from '../../../../src/oci/network/addresses.ts';
import { Guard } from '../../../../src/storage/distribution/remote/guard.ts';
import { TestUpstream } from '../../../virtual/upstream.ts';

const rule = new AddressRule(['127.0.0.0/8']);

describe('the guard of connections', () => {
  let upstream: TestUpstream;

  before(async () => {
    upstream = await TestUpstream.start();
  });
  after(() => upstream.close());

  /** Whether a connection for an upstream of that URL comes about. */
  function connectFor(home: string, address: string) {
    const guard = new Guard({
      rule,
      ownUrls: [],
      lookUp: () => Promise.resolve([{ address, family: 4 }]),
    });
    const connector = guard.connector({ ca: undefined, timeoutMs: 1000, home: new URL(home) });
    return (hostname: string): Promise<boolean> =>
      new Promise((resolve) => {
        const options = { hostname, protocol: 'http:', port: String(upstream.port) };
        connector(options, (error: Error | null, socket: Socket | null) => {
          socket?.destroy();
          resolve(error === null);
        });
      });
  }

  it('lets an upstream inside lead to what is inside', async () => {
    const connect = connectFor('http://inside.test', '127.0.0.1');
    expect(await connect('inside.test')).to.equal(true);
    expect(await connect('storage.test')).to.equal(true);
    expect(await connect('127.0.0.1')).to.equal(true);
  });

  it('lets nobody else lead there, though the operator named the network', async () => {
    const connect = connectFor('https://outside.test', '127.0.0.1');
    expect(await connect('storage.test')).to.equal(false);
    expect(await connect('127.0.0.1')).to.equal(false);
  });
});
