import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { Fixtures } from '../conformance/fixtures.ts';
import { expectContent, Repository } from '../conformance/repository.ts';
import { requireProgram } from '../support/programs/commands.ts';
import { ADMIN, findPort, type Started, startProgram } from '../support/programs/program.ts';

/** So soon a person who logs in, pushes and pulls is done, though Redis says nothing. */
const DONE_MS = 10_000;

describe('a site whose Redis goes away', function () {
  this.timeout(120_000);
  let redis: ChildProcess;
  let program: Started;
  const fixtures = new Fixtures('redis-away');

  before(async function () {
    requireProgram('redis-server', this);
    const port = await findPort();
    redis = spawn('redis-server', ['--port', `${port}`, '--save', '', '--bind', '127.0.0.1'], {
      stdio: 'ignore',
    });
    await untilAnswering(`redis://127.0.0.1:${port}`);
    program = await startProgram({ env: { REDIS_URL: `redis://127.0.0.1:${port}` } });
  });
  after(async () => {
    closeConnections();
    await program?.stop();
    redis?.kill('SIGKILL');
  });

  /** A client that knows no token yet: logs in, pushes and pulls. */
  const pushAndPull = async (tag: string): Promise<number> => {
    const repository = new Repository(new Client(program.url, ADMIN), 'a/b', fixtures);
    const since = performance.now();
    const image = await repository.pushImage(tag);
    expectContent(await repository.getManifest(tag), image.manifest);
    expectContent(await repository.getBlob(image.layer.digest), image.layer);
    return performance.now() - since;
  };

  it('goes on with log-ins, pushes and pulls while it hangs', async () => {
    await pushAndPull('before');
    redis.kill('SIGSTOP');
    expect(await pushAndPull('hanging')).to.be.lessThan(DONE_MS);
    redis.kill('SIGCONT');
  });

  it('goes on when it is gone for good', async () => {
    const gone = once(redis, 'exit');
    redis.kill('SIGKILL');
    await gone;
    expect(await pushAndPull('gone')).to.be.lessThan(DONE_MS);
    expect((await fetch(new URL('/readyz', program.url))).status).to.equal(200);
  });
});

async function untilAnswering(url: string): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await Promise.race([client.ping(), wait(10_000)]);
  client.disconnect();
}
