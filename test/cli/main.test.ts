import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { PROGRAM } from '../support/programs/path.ts';

/** Runs the program to its end. */
function run(words: readonly string[], environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('meridian', () => {
  it('tells a newcomer what it can do, with examples', () => {
    const { status, stdout } = run(['--help']);
    expect(status).to.equal(0);
    for (const word of ['serve', 'worker', 'migrate', 'demo', 'site', 'account', 'token']) {
      expect(stdout).to.match(new RegExp(`^ {2}${word}\\b`, 'm'));
    }
    expect(stdout).to.include('Examples:');
  });

  it('answers a wrong command with one sentence and 2', () => {
    const { status, stderr } = run(['serv']);
    expect(status).to.equal(2);
    expect(stderr).to.equal("meridian: unknown command 'serv'\n(Did you mean serve?)\n");
  });

  it('answers a wrong flag with 2', () => {
    const { status, stderr } = run(['serve', '--confg', 'x']);
    expect(status).to.equal(2);
    expect(stderr).to.include("unknown option '--confg'");
  });

  it('answers wrong settings with a line for each, and 2', () => {
    const { status, stderr } = run(['serve'], { MERIDIAN_PROCESES: '2', MERIDIAN_LISTEN: 'x' });
    expect(status).to.equal(2);
    expect(stderr.trim().split('\n')).to.have.length(2);
  });

  it('refuses a worker whose servers replicate themselves', () => {
    const { status, stderr } = run(['worker']);
    expect(status).to.equal(2);
    expect(stderr).to.include('MERIDIAN_REPLICATION=separate');
  });

  it('refuses a demo of no sites', () => {
    const { status, stderr } = run(['demo', '--sites', '0']);
    expect(status).to.equal(2);
    expect(stderr).to.include('--sites must be a whole number');
  });
});

describe('an operator’s command', () => {
  it('asks for the password that it lacks', () => {
    const { status, stderr } = run(['site', 'list']);
    expect(status).to.equal(2);
    expect(stderr).to.equal(
      'meridian: Give the password of admin: --password or MERIDIAN_PASSWORD.\n',
    );
  });

  it('says when no site answers', () => {
    const words = ['account', 'list', '--url', 'http://127.0.0.1:1', '--password', 'x'];
    const { status, stderr } = run(words);
    expect(status).to.equal(1);
    expect(stderr).to.include('No site answers at http://127.0.0.1:1.');
  });

  it('refuses a grant that is none', () => {
    const { status, stderr } = run(['account', 'add', 'ci', '--grant', 'team/**=eat']);
    expect(status).to.equal(2);
    const actions = 'pull, push, overwrite, delete, read_virtual_registry, admin';
    expect(stderr).to.include(`Actions are ${actions}.`);
  });
});
