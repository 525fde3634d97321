import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { systemClock as clock } from '../../../src/clock.ts';
import { Line, QUESTION_LIMIT_MS } from '../../../src/storage/distribution/line.ts';

/** Longer than a head is waited for where the request names no limit. */
const WAITING_MS = 7000;

describe('a line to another registry', () => {
  let server: Server;
  let line: Line;
  const answering = new EventEmitter();

  beforeEach(async () => {
    server = createServer((request, response) => {
      if (request.url === '/fast') response.end();
      if (request.url === '/slow') setTimeout(() => response.end(), 2 * QUESTION_LIMIT_MS);
      if (request.url === '/told') {
        response.on('finish', () => answering.emit('answered')).end();
      }
      if (request.url === '/waiting') setTimeout(() => response.end(), WAITING_MS);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    line = new Line({ url: new URL(`http://127.0.0.1:${port}`), clock });
  });
  afterEach(async () => {
    await line.close();
    server.closeAllConnections();
    server.close();
  });

  /** A question. @returns how long its answer or its failure took, and whether it was answered */
  const ask = async (path: string) => {
    const startMs = performance.now();
    const answer = await line
      .ask({ method: 'GET', path, limitMs: QUESTION_LIMIT_MS })
      .catch(() => undefined);
    await answer?.body.dump();
    return { isAnswered: answer !== undefined, tookMs: performance.now() - startMs };
  };

  it('is waited for while it is alive, however slow one answer is', async () => {
    const slow = ask('/slow');
    for (let n = 0; n < 3; n++) {
      await sleep(QUESTION_LIMIT_MS / 2);
      expect((await ask('/fast')).isAnswered).to.equal(true);
    }
    expect((await slow).isAnswered).to.equal(true);
  });

  it('is not taken for broken where one answer never comes', async () => {
    const never = ask('/never');
    await sleep(QUESTION_LIMIT_MS / 2);
    line.hear();
    const { isAnswered, tookMs } = await never;
    expect(isAnswered).to.equal(false);
    expect(tookMs).to.be.within(QUESTION_LIMIT_MS * 1.4, QUESTION_LIMIT_MS * 1.8);
    expect((await ask('/fast')).isAnswered).to.equal(true);
  });

  it('is not taken for broken by a process that was held up itself', async () => {
    expect((await ask('/fast')).isAnswered).to.equal(true);
    const held = ask('/told');
    // The answer comes meanwhile, and the time is over before it can be read.
    await once(answering, 'answered');
    const untilMs = performance.now() + QUESTION_LIMIT_MS + 100;
    while (performance.now() < untilMs);
    expect((await held).isAnswered).to.equal(true);
  });

  it('gives a request that asks for long as long as it asks for', async function () {
    this.timeout(3 * WAITING_MS);
    const limitMs = 2 * WAITING_MS;
    const answer = await line.pass({ method: 'GET', path: '/waiting', limitMs });
    await answer.body.dump();
    expect(answer.statusCode).to.equal(200);
  });

  it('keeps its connection, also behind a HEAD', async () => {
    let connections = 0;
    server.on('connection', () => (connections += 1));
    for (const method of ['HEAD', 'GET', 'HEAD', 'HEAD', 'GET'] as const) {
      const answer = await line.ask({ method, path: '/fast', limitMs: QUESTION_LIMIT_MS });
      await answer.body.dump();
      // It is free for the next one a moment later.
      await sleep(10);
    }
    expect(connections).to.equal(1);
  });

  it('is known to be broken once nothing is heard: then nobody waits', async () => {
    expect((await ask('/fast')).isAnswered).to.equal(true);
    const first = ask('/never');
    await sleep(QUESTION_LIMIT_MS / 2);
    const second = ask('/never');
    expect((await first).tookMs).to.be.within(QUESTION_LIMIT_MS - 50, QUESTION_LIMIT_MS + 200);
    expect((await second).tookMs).to.be.below(QUESTION_LIMIT_MS * 0.8);
    const third = await ask('/fast');
    expect(third.isAnswered).to.equal(false);
    expect(third.tookMs).to.be.below(100);
  });
});
