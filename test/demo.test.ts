import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROGRAM } from './support/programs/path.ts';
import { findPort } from './support/programs/program.ts';

describe('meridian demo', function () {
  this.timeout(60_000);
  let data: string;

  before(() => {
    data = mkdtempSync(join(tmpdir(), 'meridian-demo-'));
  });
  after(() => rmSync(data, { recursive: true, force: true }));

  /** Starts it at a free port, and stops it once it has said what to type. @returns all it said. */
  async function runDemo(): Promise<string> {
    const port = await findPort();
    const words = [PROGRAM, 'demo', '--sites', '1', '--port', `${port}`];
    const child = spawn(process.execPath, words, {
      env: { PATH: process.env['PATH'], MERIDIAN_DATA: data },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const hadBegun = said !== '';
      said += chunk.toString();
      if (!hadBegun) child.kill('SIGINT');
    });
    expect((await exited)[0]).to.equal(0);
    expect(said).to.include(`docker login 127.0.0.1:${port} --username admin`);
    return said;
  }

  it('keeps the password that it printed, for its owner alone', async () => {
    const file = join(data, 'admin-password');
    const first = await runDemo();
    const password = readFileSync(file, 'utf8').trim();
    expect(password).to.have.length.above(15);
    expect(first).to.include(`--password ${password}`);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(await runDemo()).to.include(`--password ${password}`);
  });

  it('says in one sentence which port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { status, stderr } = spawnSync(
      process.execPath,
      [PROGRAM, 'demo', '--sites', '1', '--port', `${port}`],
      { env: { PATH: process.env['PATH'], MERIDIAN_DATA: data }, encoding: 'utf8' },
    );
    taken.close();
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      `meridian: Port ${port} is in use: stop what listens there, or give another with --port.\n`,
    );
  });
});
