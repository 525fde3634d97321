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
    expect(await run('tree', 'size', 'acme'))
      .to.include('acme and all below it')
      .and.to.include(size);
  });
});
