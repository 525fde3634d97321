import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { Fixtures } from '../conformance/fixtures.ts';
import { Repository } from '../conformance/repository.ts';
import { hasProgram } from '../support/programs/commands.ts';
import { PROGRAM } from '../support/programs/path.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import { skip } from '../support/skips.ts';
import { until } from '../two-sites/client.ts';

/** Runs an operator's command at a site. */
function at({ url }: Started, words: readonly string[], password = ADMIN.password) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], {
    env: {
      PATH: process.env['PATH'],
      MERIDIAN_URL: url.origin,
      MERIDIAN_USER: ADMIN.user,
      MERIDIAN_PASSWORD: password,
    },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** What a command printed. @throws where it failed */
function printedBy(site: Started, words: readonly string[]): string {
  const { status, stdout, stderr } = at(site, words);
  expect(status, stderr).to.equal(0);
  return stdout;
}

describe('an operator’s command, at running sites', function () {
  this.timeout(60_000);
  let primary: Started;
  let secondary: Started | undefined;

  before(async () => {
    primary = await startProgram();
    const settings = printedBy(primary, ['site', 'add', 'lisbon']).matchAll(
      /(MERIDIAN_\w+)=(\S+)/g,
    );
    const env = Object.fromEntries([...settings].map(([, name, value]) => [name!, value!]));
    expect(env['MERIDIAN_PRIMARY_URL']).to.equal(primary.url.origin);
    // Where it is to be found is a remark in brackets, for people.
    delete env['MERIDIAN_PUBLIC_URL'];
    secondary = await startProgram({ env });
  });
  after(async () => {
    closeConnections();
    await secondary?.stop();
    await primary.stop();
  });

  it('answers a wrong password with one sentence and 1', () => {
    const { status, stdout, stderr } = at(primary, ['account', 'list'], 'wrong-password-entirely');
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.match(/^meridian: http:\/\/\S+ refuses: .+\.\n$/);
  });

  it('lists the sites, of which one joined with what was printed', () => {
    const printed = printedBy(primary, ['site', 'list']);
    expect(printed).to.include('lisbon').and.to.include(secondary!.url.origin);
  });

  it('tells how every site is, to people and to programs', async () => {
    await until('both sites are well', async () => at(primary, ['status']).status === 0);
    const [table, json] = [at(primary, ['status']), at(secondary!, ['status', '--json'])];
    expect(table.stdout)
      .to.match(/│ lisbon +│/)
      .and.to.match(/^lisbon: \S/m);
    const { sites } = JSON.parse(json.stdout) as {
      sites: { name: string; status: { role: string; isHealthy: boolean } | null }[];
    };
    expect(sites.map(({ status }) => status?.role)).to.have.members(['primary', 'secondary']);
    const areWell = sites.every(({ status }) => status?.isHealthy);
    expect(json.status).to.equal(areWell ? 0 : 3);
  });

  it('draws how the sites are again and again, until it is stopped', async () => {
    const words = [PROGRAM, 'status', '--watch'];
    const env = { MERIDIAN_URL: primary.url.origin, MERIDIAN_PASSWORD: ADMIN.password };
    const child = spawn(process.execPath, words, { env: { PATH: process.env['PATH'], ...env } });
    const exited = once(child, 'exit');
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    try {
      await until('it was drawn twice', async () => printed.split(/│ lisbon +│/).length > 2);
    } finally {
      child.kill('SIGINT');
    }
    expect((await exited)[0]).to.be.oneOf([0, 3]);
  });

  it('makes an account that may push where it says, and a token of it', async () => {
    printedBy(primary, ['account', 'add', 'ci', '--robot', '--grant', 'team/**=pull,push']);
    expect(printedBy(primary, ['account', 'list'])).to.match(/ci .*team\/\*\*=pull,push/);
    const printed = printedBy(primary, ['token', 'add', 'ci', '--label', 'build']);
    const password = /^ {2}(\S+)$/m.exec(printed)?.[1] ?? '';
    const client = new Client(primary.url, { user: 'ci', password });
    await new Repository(client, 'team/app', new Fixtures('ci')).pushImage('v1');
    const elsewhere = new Repository(client, 'other/app', new Fixtures('ci'));
    expect((await elsewhere.startUpload()).status).to.equal(403);
  });

  it('tells a site to bring what it lacks, to read again what it has, and to compare it', () => {
    const orders = [['resync'], ['reverify', '--repository', 'acme/app'], ['reconcile']];
    for (const words of orders) {
      const [kind, ...rest] = words as [string, ...string[]];
      const printed = printedBy(primary, ['site', kind, 'lisbon', ...rest]);
      expect(printed).to.match(/^The site lisbon is told; the order is [0-9a-f-]{36}: ask/);
    }
    const { status, stderr } = at(primary, ['site', 'resync', 'rome']);
    expect({ status, stderr: stderr.trim() }).to.deep.equal({
      status: 1,
      stderr: `meridian: ${primary.url.origin} refuses: there is no site rome.`,
    });
  });

  it('waits until an image is whole at the sites, and says when it took too long', async () => {
    printedBy(primary, ['wait', 'team/app:v1', '--sites', 'lisbon', '--timeout', '20s']);
    expect(at(primary, ['wait', 'team/app:v2']).status).to.equal(1);
    secondary!.process.kill('SIGSTOP');
    try {
      const client = new Client(primary.url, ADMIN);
      await new Repository(client, 'team/app', new Fixtures('late')).pushImage('v3');
      const { status, stdout } = at(primary, ['wait', 'team/app:v3', '--timeout', '1s']);
      expect(status).to.equal(3);
      expect(stdout).to.equal('team/app:v3 was not whole at all sites within 1s.\n');
    } finally {
      secondary!.process.kill('SIGCONT');
    }
  });

  it('makes an account at a secondary, which is the primary’s, and soon both sites’', async () => {
    printedBy(secondary!, ['account', 'add', 'eve', '--robot', '--grant', 'team/**=pull']);
    expect(printedBy(primary, ['account', 'list'])).to.include('eve');
    await until('it is here', async () =>
      printedBy(secondary!, ['account', 'list']).includes('eve'),
    );
  });

  it('invites at a secondary a site that joins the primary', () => {
    const printed = printedBy(secondary!, ['site', 'add', 'oslo']);
    expect(printed).to.include(`MERIDIAN_PRIMARY_URL=${primary.url.origin}\n`);
  });

  it('is refused at a secondary with a wrong password', () => {
    const { status, stderr } = at(secondary!, ['account', 'remove', 'ci'], 'wrong-password-again');
    expect(status).to.equal(1);
    expect(stderr).to.match(/^meridian: http:\/\/\S+ refuses: .+\.\n$/);
  });

  it('tell what a site was told to do and what failed there, and what it was set to', async () => {
    const told = printedBy(primary, ['site', 'reverify', 'lisbon', '--json']);
    const { id } = JSON.parse(told) as { id: string };
    await until('the order is done', async () => {
      const orders = printedBy(secondary!, ['site', 'orders', 'lisbon', '--json']);
      return (JSON.parse(orders).orders as { id: string; state: string }[]).some(
        (order) => order.id === id && order.state === 'done',
      );
    });
    expect(printedBy(secondary!, ['site', 'orders', 'lisbon'])).to.include('reverify');
    expect(printedBy(secondary!, ['site', 'failures', 'lisbon'])).to.equal('There are none.\n');
    const settings = printedBy(primary, ['site', 'settings']);
    expect(settings)
      .to.match(/MERIDIAN_ADMIN_PASSWORD +│ \(/)
      .and.not.include(ADMIN.password);
  });

  it('shows a bar of long work at a terminal, and nowhere else', function () {
    if (!hasProgram('script')) skip(this, 'script is not on the PATH');
    const words = [process.execPath, PROGRAM, 'garbage', 'run', '--dry-run'];
    const env = {
      PATH: process.env['PATH'],
      TERM: 'xterm',
      MERIDIAN_URL: primary.url.origin,
      MERIDIAN_PASSWORD: ADMIN.password,
    };
    const { stdout } = spawnSync('script', ['-qec', words.join(' '), '/dev/null'], {
      env,
      encoding: 'utf8',
    });
    expect(stdout).to.include('looking at what is due').and.to.include('would go.');
    const { stdout: plain, stderr } = at(primary, words.slice(2));
    expect(plain).to.include('would go.').and.not.include('looking at');
    expect(stderr).to.equal('');
  });
});
