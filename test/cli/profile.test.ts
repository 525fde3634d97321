import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { METHODS } from '../../src/cli/api/api.ts';
import { runMeridian } from '../support/programs/meridian.ts';

/** Answers every question with who asked, and for what. */
async function startEcho() {
  const server = createServer((request, response) => {
    const text = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64').toString();
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify({ asked: `${request.method} ${request.url}`, as: text, accounts: [] }),
    );
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe('profiles of sites', function () {
  this.timeout(60_000);
  let home: string;
  const servers: Awaited<ReturnType<typeof startEcho>>[] = [];
  const run = (words: readonly string[], env: Record<string, string> = {}, input = '') =>
    runMeridian(words, { XDG_CONFIG_HOME: home, ...env }, input);
  /** Whom a command speaks to, by what it is answered. */
  const ask = async (words: readonly string[], env?: Record<string, string>) => {
    const { stdout, stderr } = await run(['api', 'GET', '/api/v1/x', ...words], env);
    return stdout === '' ? stderr : (JSON.parse(stdout) as { as: string }).as;
  };

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'meridian-profiles-'));
    servers.push(await startEcho(), await startEcho());
    const [first, second] = servers.map(({ url }) => url) as [string, string];
    const words = ['--user', 'ann', '--password-stdin'];
    const added = await run(['profile', 'add', 'berlin', '--url', first, ...words], {}, 'one\n');
    expect(added, added.stderr).to.include({ status: 0 });
    await run(['profile', 'add', 'lisbon', '--url', second, '--password', 'two']);
  });
  after(async () => {
    for (const server of servers) server.close();
    await rm(home, { recursive: true, force: true });
  });

  it('lie in a file for their owner alone, and are listed without passwords', async () => {
    const path = join(home, 'meridian', 'profiles.json');
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(path, 'utf8')).to.include('one');
    const { stdout } = await run(['profile', 'list']);
    expect(stdout)
      .to.match(/berlin .*ann .*used/)
      .and.to.match(/lisbon .*admin/);
    expect(stdout).not.to.include('one');
  });

  it('say whom a command speaks to, unless it is said on the line', async () => {
    expect(await ask([])).to.equal('ann:one');
    expect(await ask(['--profile', 'lisbon'])).to.equal('admin:two');
    expect(await ask([], { MERIDIAN_PROFILE: 'lisbon' })).to.equal('admin:two');
    expect(await ask(['--user', 'eve', '--password', 'three'])).to.equal('eve:three');
  });

  it('show their passwords to no other site', async () => {
    expect(await ask(['--url', servers[1]!.url])).to.equal('admin:two');
    const elsewhere = await ask(['--url', 'http://127.0.0.1:1']);
    expect(elsewhere).to.include('Give the password of admin');
  });

  it('are changed and forgotten', async () => {
    await run(['profile', 'use', 'lisbon']);
    expect(await ask([])).to.equal('admin:two');
    await run(['profile', 'remove', 'lisbon']);
    expect(await ask(['--profile', 'lisbon'])).to.include('There is no profile lisbon');
    await run(['profile', 'use', 'berlin']);
  });

  it('are not read where others could read them', async () => {
    const path = join(home, 'meridian', 'profiles.json');
    await chmod(path, 0o644);
    const { status, stderr } = await run(['profile', 'list']);
    await chmod(path, 0o600);
    expect({ status, isSaid: stderr.includes('chmod 600') }).to.deep.equal({
      status: 2,
      isSaid: true,
    });
  });

  it('let a command write what the site answers as JSON', async () => {
    const { stdout } = await run(['account', 'list', '--json', '--profile', 'berlin']);
    expect(JSON.parse(stdout)).to.deep.equal({ accounts: [] });
    const added = await run(['account', 'add', 'ci', '--json', '--profile', 'berlin']);
    expect(JSON.parse(added.stdout)).to.include({ name: 'ci', asked: 'PUT /api/v1/accounts/ci' });
    expect(JSON.parse(added.stdout).password).to.be.a('string').with.length(20);
  });

  it('reach every operation of the API, also those without a command of their own', async () => {
    const document = JSON.parse(
      await readFile(new URL('../../../docs/api/openapi.json', import.meta.url), 'utf8'),
    ) as { paths: Record<string, object> };
    const methods = Object.values(document.paths).flatMap((path) => Object.keys(path));
    const known: readonly string[] = METHODS;
    const verbs = new Set(methods.map((method) => method.toUpperCase()));
    const unknown = [...verbs].filter((verb) => !known.includes(verb) && verb !== 'PARAMETERS');
    expect(unknown).to.deep.equal([]);
    const data = '{"name":"rome"}';
    const { stdout } = await run(['api', 'post', '/api/v1/sites', '--data', data]);
    expect(JSON.parse(stdout).asked).to.equal('POST /api/v1/sites');
  });
});
