import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';
import { PROGRAM } from '../../support/programs/path.ts';
import { ADMIN, startPrimary, type TestSite } from '../../two-sites/site.ts';

describe('meridian activity and meridian events', () => {
  let ports: TestPorts;
  let site: TestSite;

  before(async () => {
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports);
  });
  after(() => site.stop());

  /** What the command prints. @throws where it ends with another status than 0 */
  const run = async (...words: string[]) => {
    const connection = { MERIDIAN_URL: site.url, MERIDIAN_PASSWORD: ADMIN.password };
    const env = { PATH: process.env['PATH'], ...connection };
    return (await promisify(execFile)(process.execPath, [PROGRAM, ...words], { env })).stdout;
  };

  it('tell what happened here and elsewhere, and show and reset the token', async function () {
    this.timeout(60_000);
    const repository = repositoryNamed('acme/web/ui');
    const { digest, mediaType } = imageOf('a');
    await ports.metadata.linkBlob({ repository, digest: blobOf('a'), sizeBytes: 1, actor: 'ann' });
    const put = { repository, manifest: imageOf('a'), mayOverwrite: true, actor: 'ann' };
    await ports.metadata.recordManifest({ ...put, tags: [tagNamed('v1')] });
    await ports.metadata.deleteTag(repository, tagNamed('v1'), 'bob');
    const activity = await run('activity', 'acme/web');
    expect(activity).to.include('acme/web/ui:v1').and.to.include('ann').and.to.include('bob');
    const entries = JSON.parse(await run('activity', '--actor', 'ann', '--json')) as unknown[];
    expect(entries).to.have.lengthOf(1);

    const token = (await run('events', 'token')).trim();
    expect(token).to.match(/^mre_/);
    expect((await run('events', 'token', '--reset')).trim()).to.not.equal(token);
    const told = { eventId: 'a', source: 'registry.test', repository, digest, mediaType };
    const at = new Date();
    const image = { ...told, actor: 'ann', pushedAt: at, receivedAt: at };
    await ports.externalImages.record([{ image }]);
    const images = await run('events', 'images');
    expect(images).to.include('registry.test/acme/web/ui').and.to.include('recorded');
    expect(await run('events', 'retry')).to.include('0 images are copied again');
  });
});
