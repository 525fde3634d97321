import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { PolicyStand } from '../../support/lifecycle/stand.ts';
import { openMemoryPorts } from '../../support/ports.ts';
import { PROGRAM } from '../../support/programs/path.ts';
import { ADMIN } from '../../two-sites/site.ts';

describe('meridian protection, retention and quota', function () {
  this.timeout(120_000);
  let stand: PolicyStand;

  before(async () => {
    stand = await PolicyStand.open(openMemoryPorts);
  });
  after(() => stand.close());

  /** What the command prints. @throws where it ends with another status than 0 */
  const run = async (...words: string[]) => {
    const connection = { MERIDIAN_URL: stand.site.url, MERIDIAN_PASSWORD: ADMIN.password };
    const env = { PATH: process.env['PATH'], ...connection };
    const program = [PROGRAM, ...words];
    return (await promisify(execFile)(process.execPath, program, { env })).stdout;
  };

  it('protect tags, let old ones go, and bound what a tree holds', async () => {
    const image = await stand.push('acme/app:v1');
    for (const tag of ['pr-1', 'pr-2']) await stand.do(...stand.tag(`acme/app:${tag}`, image));

    const place = ['--path', 'acme'];
    const releases = await run(
      'protection',
      'set',
      'releases',
      '--tag',
      'v*',
      '--immutable',
      ...place,
    );
    expect(releases).to.equal('Tags like v* of acme are immutable.\n');
    await run('protection', 'set', 'main', '--tag', 'main', '--account', 'ci', '--group', 'ops');
    expect(await run('protection', 'list'))
      .to.match(/releases .* acme .* v\* .* nobody: immutable/)
      .and.to.match(/main .* the whole registry .* main .* ci, members of ops/);
    const listed: unknown = JSON.parse(await run('protection', 'list', ...place, '--json'));
    expect(listed).to.deep.include({
      protections: [{ name: 'releases', path: 'acme', tags: ['v*'], immutable: true }],
    });
    expect(await run('protection', 'remove', 'main')).to.contain('the whole registry is gone');

    const rules = ['--tag', '*', '--last-pushed', '1', '--pulled-within', '0'];
    const failure: unknown = await run('retention', 'set', 'old', ...rules, ...place).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).to.contain('keep.pulledWithinDays');
    await run('retention', 'set', 'old', '--tag', 'pr-*', '--last-pushed', '1', ...place);
    expect(await run('retention', 'list')).to.match(/old .* acme .* pr-\* .* the last 1 pushed/);
    const shown = await run('retention', 'run', '--dry-run');
    expect(shown).to.contain('1 tags of 1 images would go.').and.to.contain('pr-1');
    expect(await run('retention', 'run', ...place)).to.contain('1 tags of 1 images went.');
    expect(await stand.digestOf('acme/app', 'pr-1')).to.equal(undefined);
    await run('retention', 'remove', 'old', ...place);

    expect(await run('quota', 'set', '2MB', 'acme')).to.match(
      /^The quota of acme is 2\.0 MB, of which [0-9]+ B are used\.\n$/,
    );
    expect(await run('quota', 'list')).to.match(/acme .* B .* 2\.0 MB/);
    expect(await run('quota', 'remove', 'acme')).to.equal('The quota of acme is gone.\n');
  });
});
