import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { blobOf, repositoryNamed } from '../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';
import { PROGRAM } from '../support/programs/path.ts';
import { ADMIN, startPrimary, type TestSite } from '../two-sites/site.ts';

const repository = repositoryNamed('acme/app');

describe('meridian garbage', () => {
  let ports: TestPorts;
  let site: TestSite;

  before(async () => {
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports, { MERIDIAN_GARBAGE_DELAY: '0s' });
  });
  after(() => site.stop());

  /** What the command prints. @throws where it ends with another status than 0 */
  const run = async (...words: string[]) => {
    const connection = { MERIDIAN_URL: site.url, MERIDIAN_PASSWORD: ADMIN.password };
    const env = { PATH: process.env['PATH'], ...connection };
    const program = [PROGRAM, 'garbage', ...words];
    return (await promisify(execFile)(process.execPath, program, { env })).stdout;
  };

  it('says what would go, takes it, and brings it back', async function () {
    this.timeout(60_000);
    const digest = blobOf('a');
    await ports.metadata.linkBlob({ repository, digest, sizeBytes: 2000, actor: '' });
    const shown = await run('run', '--dry-run');
    expect(shown).to.include('0 manifests, 1 links and the bytes of 0 blobs (0 B) would go.');
    expect(shown).to.include(digest).and.to.include('2.0 kB');
    expect(await ports.metadata.findBlob(repository, digest)).to.not.equal(undefined);
    const [, id] = /The run is ([0-9a-f-]+)\./.exec(await run('run'))!;
    expect(await ports.metadata.findBlob(repository, digest)).to.equal(undefined);
    const status = await run('status');
    expect(status).to.include('1 could be brought back').and.to.include(id);
    expect(await run('undo', '--run', id!)).to.equal(
      '0 manifests and 1 links are back; for 0 it is too late.\n',
    );
    expect(await ports.metadata.findBlob(repository, digest)).to.deep.equal({ sizeBytes: 2000 });
  });
});
