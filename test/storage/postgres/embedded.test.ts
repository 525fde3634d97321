import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Client } from 'pg';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../../src/storage/postgres/embedded.ts';

const OWNER = fileURLToPath(new URL('../../support/embedded-owner.js', import.meta.url));
const IS_ROOT = process.getuid?.() === 0;
const AS_NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
const log = pino({ level: 'silent' });

interface Owner {
  readonly child: ChildProcess;
  readonly url: string;
}

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  // The server dies under this connection in some tests; its query fails then.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(20);
}

async function answers(url: string): Promise<boolean> {
  return ask(url, 'SELECT 1').then(
    () => true,
    () => false,
  );
}

async function serverOf(directory: string): Promise<number> {
  return Number.parseInt(await readFile(join(directory, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('EmbeddedPostgres', () => {
  let directory: string;
  let owners: ChildProcess[];
  let opened: EmbeddedPostgres[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meridian-embedded-'));
    // Others must be able to pass through it where the server runs as nobody.
    await chmod(directory, 0o755);
    owners = [];
    opened = [];
  });
  afterEach(async () => {
    for (const postgres of opened) await postgres.close();
    for (const owner of owners) {
      const isOver = owner.exitCode !== null || owner.signalCode !== null;
      if (!isOver && owner.kill('SIGKILL')) await once(owner, 'exit');
    }
    const pid = await serverOf(directory).catch(() => 0);
    await until(async () => pid === 0 || !isAlive(pid));
    await rm(directory, { recursive: true, force: true });
  });

  async function open(dataDirectory = directory): Promise<EmbeddedPostgres> {
    const postgres = await EmbeddedPostgres.open({ dataDirectory, log });
    opened.push(postgres);
    return postgres;
  }

  async function startOwner(prefix: string[] = [], environment = {}): Promise<Owner> {
    const child = spawn('env', [...prefix, process.execPath, OWNER, directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    owners.push(child);
    const [line] = await once(child.stdout, 'data');
    return { child, url: String(line).trim() };
  }

  it('makes its files at the first start, and keeps them for the second', async () => {
    const first = await open();
    const locale = 'SELECT pg_encoding_to_char(encoding) AS encoding, datcollate FROM pg_database';
    const rows = await ask(first.url, `${locale} WHERE datname = 'postgres'`);
    expect(rows).to.deep.equal([{ encoding: 'UTF8', datcollate: 'C' }]);
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS what');
    await first.close();
    await first.close();
    expect(await answers(first.url)).to.equal(false);
    const second = await open();
    expect(await ask(second.url, 'TABLE kept')).to.deep.equal([{ what: 7 }]);
    await second.close();
  });

  it('writes to the disk before it says so, and listens on no port', async () => {
    const { url } = await open();
    expect(await ask(url, "SELECT current_setting('fsync') AS on")).to.deep.equal([{ on: 'on' }]);
    const commit = "SELECT current_setting('synchronous_commit') AS on";
    expect(await ask(url, commit)).to.deep.equal([{ on: 'on' }]);
    const addresses = "SELECT current_setting('listen_addresses') AS addresses";
    expect(await ask(url, addresses)).to.deep.equal([{ addresses: '' }]);
    const { mode } = await stat(join(directory, 'socket'));
    expect(mode & 0o777).to.equal(0o700);
  });

  it('comes back with all that was committed when its server is killed', async () => {
    const postgres = await open();
    await ask(postgres.url, 'CREATE TABLE kept AS SELECT 7 AS what');
    const killed = await serverOf(directory);
    process.kill(killed, 'SIGKILL');
    await until(async () => !isAlive(killed));
    await until(() => answers(postgres.url));
    expect(await ask(postgres.url, 'TABLE kept')).to.deep.equal([{ what: 7 }]);
    await postgres.close();
    expect(await answers(postgres.url)).to.equal(false);
  });

  it('leaves no server behind when its owner is killed, and starts again', async () => {
    const { child, url } = await startOwner();
    await ask(url, 'CREATE TABLE kept AS SELECT 7 AS what');
    const server = await serverOf(directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    // At once: the server that is on its way out must not be in the way.
    const next = await open();
    await until(async () => !isAlive(server));
    expect(await ask(next.url, 'TABLE kept')).to.deep.equal([{ what: 7 }]);
    await next.close();
  });

  it('dies with a killed owner also where nobody starts it again', async () => {
    const { child } = await startOwner();
    const server = await serverOf(directory);
    child.kill('SIGKILL');
    await until(async () => !isAlive(server));
  });

  it('begins again where making the files was cut off', async () => {
    await mkdir(join(directory, 'postgres.new', 'base'), { recursive: true });
    const postgres = await open();
    expect(await answers(postgres.url)).to.equal(true);
    await postgres.close();
  });

  it('works in a directory that is too deep for a socket', async () => {
    const deep = join(directory, 'a-long-name-for-a-folder/'.repeat(6));
    const postgres = await open(deep);
    expect(await answers(postgres.url)).to.equal(true);
    await postgres.close();
  });

  it('says why it does not start', async () => {
    await (await open()).close();
    await writeFile(join(directory, 'postgres', 'PG_VERSION'), '9.6\n');
    const message = await open().then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).to.match(/^PostgreSQL did not start: .*version 9\.6/);
  });

  it('runs for a user who is not root', async () => {
    if (IS_ROOT) await chmod(directory, 0o777);
    const { child, url } = await startOwner(IS_ROOT ? AS_NOBODY : []);
    expect((await stat(join(directory, 'postgres'))).uid).to.not.equal(0);
    expect(child.exitCode).to.equal(null);
    if (!IS_ROOT) expect(await answers(url)).to.equal(true);
  });

  if (IS_ROOT) {
    it('runs for root, and the files stay root’s', async () => {
      const postgres = await open();
      expect(await answers(postgres.url)).to.equal(true);
      expect((await stat(join(directory, 'postgres'))).uid).to.equal(0);
      await postgres.close();
    });

    it('runs for root where there are no user namespaces', async () => {
      const words = join(directory, 'bin');
      await mkdir(words);
      await writeFile(join(words, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      const PATH = `${words}:${process.env['PATH']}`;
      const { child, url } = await startOwner([], { PATH });
      expect(await answers(url)).to.equal(true);
      expect((await stat(join(directory, 'postgres'))).uid).to.equal(65534);
      const server = await serverOf(directory);
      child.kill('SIGKILL');
      await until(async () => !isAlive(server));
      // The next start may have them again: the files become root's.
      const postgres = await open();
      expect(await answers(postgres.url)).to.equal(true);
      await postgres.close();
    });
  }
});
