import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { systemClock as clock } from '../../src/clock.ts';
import { RunningServer } from '../../src/http/server.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

describe('requests whose body nobody wants', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry.close());

  const start = (method: string, path: string, headers: Record<string, string | number>) =>
    request(`${registry.url}${path}`, { method, headers });
  const asAdmin = () => ({
    Authorization: `Basic ${Buffer.from(`admin:${registry.password}`).toString('base64')}`,
  });

  it('get their 401 before a client that expects 100-continue sends it (T32)', async () => {
    const outgoing = start('PUT', '/v2/a/manifests/latest', {
      'Content-Length': 1000,
      Expect: '100-continue',
    });
    outgoing.once('continue', () => expect.fail('the body was asked for'));
    outgoing.flushHeaders();
    const answer = await answerTo(outgoing);
    expect(answer.statusCode).to.equal(401);
    expect(answer.headers.connection).to.equal('close');
  });

  it('are answered and hung up on without being read to their end', async () => {
    const outgoing = start('PATCH', '/v2/a/blobs/uploads/x', { 'Content-Length': 10 ** 12 });
    outgoing.on('error', () => undefined);
    outgoing.write(Buffer.alloc(256 * 1024));
    const answer = await answerTo(outgoing);
    expect(answer.statusCode).to.equal(401);
    await once(answer.socket, 'close');
  });

  it('are told 413 of an endless manifest after its limit (A2)', async () => {
    const outgoing = start('PUT', '/v2/a/manifests/latest', asAdmin());
    outgoing.on('error', () => undefined);
    let sent = 0;
    const answered = answerTo(outgoing);
    const chunk = Buffer.alloc(512 * 1024, ' ');
    const over = new AbortController();
    void answered.finally(() => over.abort());
    while (!over.signal.aborted && sent < 100 * chunk.length) {
      await new Promise((resolve) => outgoing.write(chunk, resolve));
      sent += chunk.length;
    }
    expect((await answered).statusCode).to.equal(413);
    expect(sent).to.be.below(20 * 1024 * 1024);
    outgoing.destroy();
  });

  it('are dropped where they are small, and the connection is kept', async () => {
    const outgoing = start('PUT', '/v2/a/manifests/latest', { 'Content-Length': 4 });
    outgoing.end('body');
    const answer = await answerTo(outgoing);
    expect(answer.statusCode).to.equal(401);
    expect(answer.headers.connection).to.equal('keep-alive');
  });

  it('are refused where they say their length in two ways (A52)', async () => {
    const socket = connect(registry.port, '127.0.0.1');
    socket.write('POST /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n');
    socket.write('Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).to.match(/^HTTP\/1\.1 400/);
    socket.destroy();
  });
});

describe('a connection on which it is silent for long', () => {
  const IDLE_MS = 100;
  const handlers: ((response: ServerResponse) => unknown)[] = [];
  let server: RunningServer;
  before(async () => {
    const options = { host: '127.0.0.1', port: 0, clock, idleMs: IDLE_MS };
    server = await RunningServer.listen((_, response) => handlers.shift()!(response), options);
  });
  after(() => server.drain(0));

  const ask = () => request({ port: server.port, host: '127.0.0.1', agent: false }).end();

  it('is kept for a client that waits for us, before the answer and in it', async () => {
    handlers.push(async (response) => {
      await clock.sleep(3 * IDLE_MS);
      response.write('so ');
      await clock.sleep(3 * IDLE_MS);
      response.end('late');
    });
    const [answer] = (await once(ask(), 'response')) as [IncomingMessage];
    expect(await text(answer)).to.equal('so late');
  });

  it('is cut where the client does not read what is there', async () => {
    const cut = new Promise((resolve) => {
      handlers.push((response) => {
        response.once('close', resolve);
        response.write(Buffer.alloc(64 * 1024 * 1024));
      });
    });
    const outgoing = ask();
    outgoing.on('error', () => undefined);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);
    await cut;
  });
});

describe('a server that is busy', () => {
  it('keeps a thousand connections waiting, and loses none', async function () {
    const before = await countOverflows();
    if (before === undefined) this.skip();
    const server = await RunningServer.listen((_, response) => response.end('here'), {
      host: '127.0.0.1',
      port: 0,
      clock,
    });
    // All of them are made before this process comes to take the first.
    const asked = Array.from({ length: 1000 }, () =>
      request({ port: server.port, host: '127.0.0.1', agent: false }).end(),
    );
    const answers = await Promise.all(asked.map(answerTo));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).to.deep.equal(new Set([200]));
    expect(await countOverflows()).to.equal(before);
    await server.drain(0);
  });
});

/** How many connections found no room to wait; `undefined` where no kernel of Linux tells. */
async function countOverflows(): Promise<number | undefined> {
  const told = await readFile('/proc/net/netstat', 'utf8').catch(() => '');
  const [names, values] = told.split('\n').map((line) => line.split(' '));
  const place = names!.indexOf('ListenOverflows');
  return place === -1 ? undefined : Number(values![place]);
}

describe('a server that drains', () => {
  it('lets what runs finish, and takes nothing new', async () => {
    const responses: ServerResponse[] = [];
    const server = await RunningServer.listen((_, response) => responses.push(response), {
      host: '127.0.0.1',
      port: 0,
      clock,
    });
    const { port } = server;
    const running = request({ port, host: '127.0.0.1', agent: false });
    running.end();
    await once(running, 'socket');
    await clock.sleep(50);
    const drained = server.drain(5000);
    responses[0]!.end('done');
    expect((await answerTo(running)).statusCode).to.equal(200);
    expect(await drained).to.equal(true);
    const late = request({ port, host: '127.0.0.1', agent: false });
    late.end();
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
  });

  it('cuts off at the deadline what does not end', async () => {
    const server = await RunningServer.listen(() => undefined, {
      host: '127.0.0.1',
      port: 0,
      clock,
    });
    const stuck = request({ port: server.port, host: '127.0.0.1' });
    const broken = once(stuck, 'error');
    stuck.end();
    await once(stuck, 'socket');
    await clock.sleep(50);
    expect(await server.drain(10)).to.equal(false);
    await broken;
  });
});

async function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  return answer;
}
