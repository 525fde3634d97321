import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { systemClock as clock } from '../../src/clock.ts';
import { RunningServer } from '../../src/http/server.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { Fixtures } from '../conformance/fixtures.ts';
import { Repository } from '../conformance/repository.ts';
import { startRegistry } from '../support/registry.ts';

describe('lines that break', () => {
  after(closeConnections);

  it('cuts an answer whose bytes break off, and never ends it short', async () => {
    const blobStore = new MemoryBlobStore({ clock });
    const registry = await startRegistry({ blobStore });
    const client = new Client(new URL(registry.url), registry);
    const repository = new Repository(client, 'a/b', new Fixtures('broken'));
    const blob = await repository.pushNewBlob(100_000);
    blobStore.open = async () => breakAfter(blob.bytes.subarray(0, 50_000));
    const failure = await repository.getBlob(blob.digest).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
    Reflect.deleteProperty(blobStore, 'open');
    expect((await repository.getBlob(blob.digest)).body.equals(blob.bytes)).to.equal(true);
    await registry.close();
  });

  it('ends a request that falls silent in its body', async () => {
    const listen = { host: '127.0.0.1', port: 0, clock, idleMs: 200 };
    const server = await RunningServer.listen((incoming) => incoming.resume(), listen);
    const socket = connect(server.port, '127.0.0.1');
    socket.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nslow');
    await once(socket.resume(), 'close');
    const outgoing = request({ port: server.port, method: 'PUT' });
    outgoing.write('slow');
    const [error] = await once(outgoing, 'error').catch((thrown: unknown) => [thrown]);
    expect(error).to.be.instanceOf(Error);
    await server.drain(0);
  });
});

function breakAfter(bytes: Buffer): PassThrough {
  const content = new PassThrough();
  content.write(bytes, () => setImmediate(() => content.destroy(new Error('the disk broke'))));
  return content;
}
