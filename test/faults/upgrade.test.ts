import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Client as Postgres } from 'pg';
import { ROOT } from '../architecture/sources.ts';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { runMeridian } from '../support/programs/meridian.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import { skip } from '../support/skips.ts';
import { isFullLength } from './length.ts';
import { expectKept, type Promised, pushOn } from './pusher.ts';

/** The program of before: the last commit with the migrations that were released last. */
const BEFORE = 'bf2a222';
const PATIENCE_MS = 60_000;

/** Builds it beside this one, with the same libraries. @returns its entry */
function buildBefore(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const tar = execFileSync('git', ['archive', BEFORE], { cwd: ROOT, maxBuffer: 1 << 28 });
  execFileSync('tar', ['--extract', '--directory', folder], { input: tar });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), [], { cwd: folder, stdio: 'ignore' });
  return join(folder, 'dist/src/main.js');
}

async function untilMore(promised: Promised, count = 2): Promise<void> {
  const wanted = promised.tags.size + count;
  const end = Date.now() + PATIENCE_MS;
  while (promised.tags.size < wanted && Date.now() < end) await wait(20);
  expect(promised.tags.size, 'images that were acknowledged').to.be.at.least(wanted);
}

// It builds the program of before, from the history of the repository: too long for each run.
const describeAtLength = isFullLength ? describe : () => undefined;

describeAtLength('an upgrade while people push', function () {
  this.timeout(900_000);
  let folder: string;
  let entry: string;
  let database: TestDatabase;
  const running: Started[] = [];

  before(async function () {
    try {
      execFileSync('git', ['cat-file', '-e', `${BEFORE}^{commit}`], { cwd: ROOT, stdio: 'ignore' });
    } catch {
      skip(this, `the commit ${BEFORE} is not here`);
    }
    folder = await mkdtemp(join(tmpdir(), 'meridian-upgrade-'));
    entry = buildBefore(join(folder, 'before'));
    database = await openTestDatabase();
    const client = new Postgres({ connectionString: database.url });
    await client.connect();
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await client.end();
  });
  after(async () => {
    closeConnections();
    for (const site of running) await site.stop();
    await database?.drop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('keeps every image, and both programs work side by side on the new tables', async () => {
    const env = { DATABASE_URL: database.url };
    const data = join(folder, 'data');
    const start = async (program?: string) => {
      const site = await startProgram({ data, env, ...(program ? { program } : {}) });
      running.push(site);
      return site;
    };
    const over = new AbortController();
    const pushing: { promised: Promised; done: Promise<void> }[] = [];
    const pushAt = ({ url }: Started, name: string): Promised => {
      const promised: Promised = { repository: `team/${name}`, blobs: [], tags: new Map() };
      const done = pushOn({ url, credentials: ADMIN, name, promised }, over.signal);
      pushing.push({ promised, done });
      return promised;
    };
    const old = await start(entry);
    const atOld = pushAt(old, 'old');
    await untilMore(atOld);
    const { status, stderr } = await runMeridian(['migrate'], { ...env, MERIDIAN_DATA: data });
    expect(status, stderr).to.equal(0);
    // The program of before goes on, on tables that it does not know all of.
    await untilMore(atOld);
    const fresh = await start();
    const atNew = pushAt(fresh, 'new');
    await Promise.all([untilMore(atOld), untilMore(atNew)]);
    await old.stop();
    await untilMore(atNew);
    over.abort();
    await Promise.all(pushing.map(({ done }) => done));
    const client = new Client(fresh.url, ADMIN);
    for (const { promised } of pushing) await expectKept(client, promised);
  });
});
