import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { printBytes } from '../../src/cli/amounts.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';
import { PROGRAM } from '../support/programs/path.ts';
import { ADMIN, startPrimary, type TestSite } from '../two-sites/site.ts';

describe('meridian tree and meridian image', () => {
  let ports: TestPorts;
  let site: TestSite;

  before(async () => {
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports);
    const digest = blobOf('a');
    for (const name of ['acme/web/ui', 'acme/web/api', 'beta/app']) {
      const repository = repositoryNamed(name);
      await ports.metadata.linkBlob({ repository, digest, sizeBytes: 2000, actor: '' });
    }
    const manifest = imageOf('a');
    const repository = repositoryNamed('acme/web/ui');
    const put = { repository, manifest, mayOverwrite: true, actor: 'ann' };
    await ports.metadata.recordManifest({ ...put, tags: ['v1', 'v2'].map(tagNamed) });
  });
  after(() => site.stop());

  /** What the command prints. @throws where it ends with another status than 0 */
  const run = async (...words: string[]) => {
    const connection = { MERIDIAN_URL: site.url, MERIDIAN_PASSWORD: ADMIN.password };
    const env = { PATH: process.env['PATH'], ...connection };
    const program = [PROGRAM, ...words];
    return (await promisify(execFile)(process.execPath, program, { env })).stdout;
  };

  it('list groups, projects, images and tags, as tables or as JSON', async function () {
    this.timeout(60_000);
    const size = printBytes(2000 + imageOf('a').content.length);
    expect(await run('tree', 'list'))
      .to.include('acme')
      .and.to.include('beta');
    const projects: unknown = JSON.parse(await run('tree', 'list', 'acme', '--json'));
    expect(projects).to.deep.equal([{ name: 'acme/web' }]);
    const images = await run('image', 'list', 'acme/web', '--search', 'ui');
    expect(images).to.include('acme/web/ui').and.to.include('ann').and.not.to.include('api');
    const tags = await run('image', 'tags', 'acme/web/ui', '--sort', '-name');
    expect(tags).to.include(imageOf('a').digest).and.to.include(size);
    expect(tags.indexOf('v2')).to.be.lessThan(tags.indexOf('v1'));
    const shown = await run('image', 'show', 'acme/web/ui:v1');
    expect(shown)
      .to.include(`is ${imageOf('a').digest}`)
      .and.to.include(blobOf('a'));
    expect(await run('image', 'sites', 'acme/web/ui:v1')).to.match(/tokyo +│ complete/);
    expect(await run('tree', 'size', 'acme'))
      .to.include('acme and all below it')
      .and.to.include(size);
  });

  it('copy, rename, move and delete, without asking whoever is not there', async function () {
    this.timeout(60_000);
    const { digest } = imageOf('a');
    const copied: unknown = JSON.parse(
      await run('image', 'copy', 'acme/web/ui:v1', 'gamma/one:v1', '--referrers', '--json'),
    );
    expect(copied).to.deep.equal({ image: 'gamma/one:v1', digest, manifests: 1, blobs: 1 });
    expect(await run('image', 'tag', 'gamma/one:v1', 'v2')).to.equal(
      `gamma/one:v2 is ${digest}.\n`,
    );
    const refused = await run('image', 'delete', 'gamma/one:v1').catch((error: Error) => error);
    expect(String(refused)).to.include('say --yes');
    await run('image', 'delete', 'gamma/one:v1', '--yes');
    const dry = await run('image', 'rename', 'gamma/one', 'gamma/two', '--dry-run');
    expect(dry).to.include('gamma/one -> gamma/two').and.to.include('kept for you until');
    await run('image', 'rename', 'gamma/one', 'gamma/two', '--yes');
    expect(await run('tree', 'move', 'gamma', 'delta', '--yes')).to.equal(
      '1 image moved to delta.\n',
    );
    expect(await run('tree', 'delete', 'delta', '--dry-run')).to.include('delta/two');
    expect(await run('tree', 'delete', 'delta', '--yes')).to.equal('1 image deleted.\n');
    expect(JSON.parse(await run('image', 'list', 'delta', '--json'))).to.deep.equal([]);
  });
});
