import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { SiteClient } from '../../src/cli/site-client.ts';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { Fixtures } from '../conformance/fixtures.ts';
import { expectStatus, Repository } from '../conformance/repository.ts';
import { signalFamily } from '../faults/process-tree.ts';
import { expectKept, type Promised, pushOn } from '../faults/pusher.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { runMeridian } from '../support/programs/meridian.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';

const IMAGES_BEFORE = 2;
const PATIENCE_MS = 60_000;

/** Starts of whole sites come before, so that it may take a while on a busy machine. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await wait(20)) {
    if (await isSo()) return;
  }
  throw new Error(`it never came to be that ${what}`);
}

/** Ends a site as a power cut does, and takes away all that it had. */
async function destroy(site: Started, database?: TestDatabase): Promise<void> {
  const exited = once(site.process, 'exit');
  signalFamily(site.process.pid!, 'SIGKILL');
  await exited;
  closeConnections();
  await rm(site.data, { recursive: true, force: true });
  await database?.drop();
}

/** Pushes on while the work is done. @returns what was acknowledged before it began */
async function whilePushing(site: Started, work: () => Promise<void>): Promise<Promised> {
  const promised: Promised = { repository: 'team/app', blobs: [], tags: new Map() };
  const over = new AbortController();
  const options = { url: site.url, credentials: ADMIN, name: 'backup', promised };
  const pushing = pushOn(options, over.signal);
  await until('images were pushed', async () => promised.tags.size >= IMAGES_BEFORE);
  const before = { ...promised, blobs: [...promised.blobs], tags: new Map(promised.tags) };
  await work();
  const more = promised.tags.size;
  await until('pushes go on', async () => promised.tags.size > more);
  over.abort();
  await pushing;
  return before;
}

async function meridian(words: readonly string[], env: Record<string, string> = {}) {
  const ended = await runMeridian(words, env);
  expect(ended.status, ended.stderr).to.equal(0);
  return ended;
}

describe('a backup', function () {
  this.timeout(120_000);
  let home: string;
  const running: Started[] = [];
  const start = async (options: Parameters<typeof startProgram>[0] = {}) => {
    const site = await startProgram(options);
    running.push(site);
    return site;
  };

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'meridian-backup-'));
  });
  afterEach(async () => {
    closeConnections();
    for (const site of running.splice(0).toReversed()) await site.stop();
    await rm(home, { recursive: true, force: true });
  });

  it('taken while people push brings back every image, on embedded PostgreSQL', async () => {
    const [folder, data] = [join(home, 'backup'), join(home, 'restored')];
    const site = await start();
    const before = await whilePushing(site, async () => {
      await meridian(['backup', folder], { MERIDIAN_DATA: site.data });
    });
    await destroy(site);
    await meridian(['restore', folder], { MERIDIAN_DATA: data });
    const back = await start({ data });
    await expectKept(new Client(back.url, ADMIN), before);
    // Uploads, counts and triggers are as they were: the next push is a push like any other.
    const repository = new Repository(new Client(back.url, ADMIN), 'new', new Fixtures('new'));
    await repository.pushImage('v1');
    const { status, stdout } = await runMeridian(['status', '--json'], connectionTo(back));
    const figures = JSON.parse(stdout).sites[0].status;
    expect({
      status,
      isHealthy: figures.isHealthy,
      manifests: figures.manifests.failed,
    }).to.deep.equal({ status: 0, isHealthy: true, manifests: 0 });
    expect(figures.manifests.percent).to.equal(100);
  });

  it('brings them back from a PostgreSQL of its own, and copies what is new alone', async () => {
    const folder = join(home, 'backup');
    const [first, second] = [await openTestDatabase(), await openTestDatabase()];
    const site = await start({ env: { DATABASE_URL: first.url } });
    const env = { MERIDIAN_DATA: site.data, DATABASE_URL: first.url };
    const before = await whilePushing(site, async () => {
      await meridian(['backup', folder], env);
    });
    const repository = new Repository(new Client(site.url, ADMIN), 'new', new Fixtures('one'));
    const image = await repository.pushImage('v1');
    const again = JSON.parse((await meridian(['backup', folder, '--json'], env)).stdout);
    expect(again.copied).to.be.above(1).and.below(again.blobs);
    const facts = (await readdir(folder)).filter((entry) => entry.startsWith('facts-'));
    expect(facts).to.have.length(1);
    await destroy(site, first);
    const data = join(home, 'restored');
    await meridian(['restore', folder], { MERIDIAN_DATA: data, DATABASE_URL: second.url });
    const back = await start({ data, env: { DATABASE_URL: second.url } });
    const client = new Client(back.url, ADMIN);
    await expectKept(client, before);
    const kept = await client.send('GET', '/v2/new/manifests/v1');
    expect(kept.headers['docker-content-digest']).to.equal(image.manifest.digest);
    await back.stop();
    await second.drop();
  });

  it('of the primary is taken over by a secondary that was ahead of it', async () => {
    const [folder, data] = [join(home, 'backup'), join(home, 'restored')];
    const primary = await start();
    const port = Number(primary.url.port);
    const fixtures = new Fixtures('sites');
    const push = (site: Started, tag: string) =>
      new Repository(new Client(site.url, ADMIN), 'team/app', fixtures).pushImage(tag);
    await push(primary, 'kept');
    const invited = new SiteClient({ url: primary.url.origin, ...ADMIN });
    const { joinToken } = await invited.send<{ joinToken: string }>('POST', '/api/v1/sites', {
      name: 'porto',
    });
    const secondary = await start({
      env: {
        MERIDIAN_SITE: 'porto',
        MERIDIAN_PRIMARY_URL: primary.url.origin,
        MERIDIAN_JOIN_TOKEN: joinToken,
        // What it knows it says, whoever is away.
        MERIDIAN_CONSISTENCY: 'eventual',
      },
    });
    await meridian(['backup', folder], { MERIDIAN_DATA: primary.data });
    await push(primary, 'later');
    await meridian(['wait', 'team/app:later', '--sites', 'porto'], connectionTo(primary));
    await destroy(primary);
    await meridian(['restore', folder], { MERIDIAN_DATA: data });
    const back = await start({ data, port });
    const there = new Client(secondary.url, ADMIN);
    await until('the later image is gone there, too', async () => {
      return (await there.send('GET', '/v2/team/app/manifests/later')).status === 404;
    });
    expectStatus(await there.send('GET', '/v2/team/app/manifests/kept'), 200);
    await push(secondary, 'through');
    await meridian(['wait', 'team/app:through', '--sites', 'porto'], connectionTo(back));
    expectStatus(
      await new Client(back.url, ADMIN).send('GET', '/v2/team/app/manifests/through'),
      200,
    );
  });

  it('that is damaged, or no backup, or goes where a site is, makes no site', async () => {
    const folder = join(home, 'backup');
    const site = await start();
    await new Repository(new Client(site.url, ADMIN), 'a', new Fixtures('a')).pushImage('v1');
    const env = { MERIDIAN_DATA: site.data };
    await meridian(['backup', folder], env);
    expect((await stat(join(folder, 'meridian-backup.json'))).mode & 0o777).to.equal(0o600);
    await site.stop();
    const refuse = async (reason: RegExp, words = ['restore', folder], data = join(home, 'x')) => {
      const { status, stderr } = await runMeridian(words, { MERIDIAN_DATA: data });
      expect(status).to.equal(1);
      expect(stderr).to.match(reason);
    };
    await refuse(/no whole backup/, ['restore', home]);
    const copy = join(home, 'site');
    await meridian(['restore', folder], { MERIDIAN_DATA: copy });
    await refuse(/holds a site already/, ['restore', folder], copy);
    const summary = JSON.parse(await readFile(join(folder, 'meridian-backup.json'), 'utf8'));
    await appendFile(join(folder, summary.facts, 'tags.gz'), 'x');
    await refuse(/tags\.gz is damaged/);
  });
});

function connectionTo({ url }: Started): Record<string, string> {
  return {
    MERIDIAN_URL: url.origin,
    MERIDIAN_USER: ADMIN.user,
    MERIDIAN_PASSWORD: ADMIN.password,
  };
}
