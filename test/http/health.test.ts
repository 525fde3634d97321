import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import Koa from 'koa';
import { answerHealth } from '../../src/http/health.ts';
import { createLog } from '../../src/log.ts';
import { StorageUnavailable } from '../../src/storage/failure.ts';

let isAway = false;

async function check(): Promise<void> {
  if (isAway) throw new StorageUnavailable('the database at db.internal is away');
}

describe('health', () => {
  let server: Server;

  before((done) => {
    const app = new Koa().use(answerHealth({ check, log: createLog('silent') }));
    server = createServer((request, response) => void app.callback()(request, response));
    server.listen(0, '127.0.0.1', done);
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => {
    isAway = false;
  });

  async function get(path: string) {
    const response = await fetch(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    );
    const retryAfter = response.headers.get('Retry-After');
    return { status: response.status, text: await response.text(), retryAfter };
  }

  it('is ready where the site can answer', async () => {
    expect(await get('/readyz')).to.deep.equal({ status: 200, text: 'ready\n', retryAfter: null });
  });

  it('is not ready while its database is away, and says no more than that', async () => {
    isAway = true;
    const answer = { status: 503, text: 'not ready\n', retryAfter: '1' };
    expect(await get('/readyz')).to.deep.equal(answer);
  });

  it('lives meanwhile', async () => {
    isAway = true;
    expect((await get('/livez')).status).to.equal(200);
  });

  it('leaves other paths to others', async () => {
    expect((await get('/other')).status).to.equal(404);
  });
});
