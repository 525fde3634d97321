import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openMemoryPorts } from '../support/ports.ts';
import { PROGRAM } from '../support/programs/path.ts';
import { ADMIN, startPrimary, type TestSite } from '../two-sites/site.ts';

describe('meridian account, robot, group and audit', () => {
  let site: TestSite;

  before(async () => {
    site = await startPrimary('tokyo', await openMemoryPorts());
  });

  after(() => site.stop());

  /** What the command prints. @throws where it ends with another status than 0 */
  const run = async (...words: string[]) => {
    const connection = { MERIDIAN_URL: site.url, MERIDIAN_PASSWORD: ADMIN.password };
    const env = { PATH: process.env['PATH'], ...connection };
    return (await promisify(execFile)(process.execPath, [PROGRAM, ...words], { env })).stdout;
  };

  it('let an operator do what the API does, and show who did it', async function () {
    this.timeout(60_000);
    await run('account', 'add', 'ann');
    await run('group', 'put', 'devs', '--grant', 'acme/**=pull,push');
    await run('group', 'join', 'devs', 'ann');
    expect(JSON.parse(await run('group', 'members', 'devs', '--json'))).to.deep.equal([
      { name: 'ann', kind: 'person' },
    ]);
    expect(await run('group', 'leave', 'devs', 'ann')).to.equal('ann is no member of devs.\n');
    const options = ['--owner', 'acme/app', '--grant', 'acme/app/**=pull', '--expires', '90d'];
    const made = await run('robot', 'add', 'ci', ...options);
    const [secret = ''] = /mrd_\S+/.exec(made) ?? [];
    const authorization = `Basic ${btoa(`ci:${secret}`)}`;
    const known = await fetch(`${site.url}/api/v1/session`, { headers: { authorization } });
    expect(await known.json()).to.include({ account: 'ci', kind: 'robot' });
    expect(await run('robot', 'list', '--owner', 'acme')).to.include('acme/app/**=pull');
    expect(await run('robot', 'rotate', 'ci'))
      .to.match(/mrd_/)
      .and.not.include(secret);
    expect(await run('account', 'disable', 'ci')).to.equal('The account ci is disabled.\n');
    const acts = await run('audit', '--path', '/accounts/ci', '--limit', '2');
    expect(acts).to.include('PUT /accounts/ci').and.include('done 200');
    expect(acts).to.include('POST /accounts/ci/rotate').and.not.include(secret);
  });
});
