import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SiteClient } from '../src/cli/site-client.ts';
import { Client } from './conformance/client.ts';
import { closeConnections } from './conformance/exchange.ts';
import { Fixtures } from './conformance/fixtures.ts';
import { expectContent, Repository } from './conformance/repository.ts';
import { openTestDatabase, type TestDatabase } from './support/database.ts';
import { type Daemon, startDaemon } from './support/programs/daemon.ts';
import { PROGRAM } from './support/programs/path.ts';
import { ADMIN, type Started, startProgram } from './support/programs/program.ts';
import { requireRedis } from './support/redis.ts';
import { until } from './two-sites/client.ts';

async function invite({ url }: Started, name: string): Promise<string> {
  const client = new SiteClient({ url: url.origin, ...ADMIN });
  const answer = await client.send<{ joinToken: string }>('POST', '/api/v1/sites', { name });
  return answer.joinToken;
}

describe('a secondary whose worker runs apart', function () {
  let data: string;
  let database: TestDatabase | undefined;
  let primary: Started | undefined;
  let secondary: Started | undefined;
  let worker: Daemon | undefined;

  before(async function () {
    const redis = await requireRedis(this);
    this.timeout(60_000);
    data = mkdtempSync(join(tmpdir(), 'meridian-worker-'));
    database = await openTestDatabase();
    primary = await startProgram();
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.href,
      MERIDIAN_SITE: 'porto',
      MERIDIAN_REPLICATION: 'separate',
      MERIDIAN_PRIMARY_URL: primary.url.origin,
      MERIDIAN_JOIN_TOKEN: await invite(primary, 'porto'),
    };
    secondary = await startProgram({ data, env });
    worker = await startDaemon({
      command: [process.execPath, PROGRAM, 'worker'],
      env: { ...env, MERIDIAN_DATA: data },
      probe: async () => undefined,
    });
  });
  after(async () => {
    closeConnections();
    await worker?.stop();
    await secondary?.stop();
    await primary?.stop();
    await database?.drop();
    if (data) rmSync(data, { recursive: true, force: true });
  });

  it('copies what is pushed at the primary before anybody asks for it', async () => {
    const fixtures = new Fixtures('worker');
    const there = new Repository(new Client(primary!.url, ADMIN), 'team/app', fixtures);
    const { layer } = await there.pushImage('v1');
    const hex = layer.digest.slice('sha256:'.length);
    const file = join(data, 'content/blobs/sha256', hex.slice(0, 2), hex);
    await until('the layer is here', async () => existsSync(file));
    const here = new Repository(new Client(secondary!.url, ADMIN), 'team/app', fixtures);
    expectContent(await here.getBlob(layer.digest), layer);
    expect(worker!.output()).to.include('replicating');
  });
});
