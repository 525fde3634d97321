import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { closeConnections, jsonOf } from '../conformance/exchange.ts';
import { Fixtures } from '../conformance/fixtures.ts';
import { expectContent, expectStatus, locationOf, Repository } from '../conformance/repository.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import { skip } from '../support/skips.ts';

const DISK_BYTES = 16 * 1024 * 1024;

describe('a disk that is full', function () {
  this.timeout(60_000);
  let disk: string;
  let program: Started;

  before(async function () {
    disk = await mkdtemp(join(tmpdir(), 'meridian-disk-'));
    try {
      const options = ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk];
      execFileSync('mount', options, { stdio: 'ignore' });
    } catch {
      await rm(disk, { recursive: true });
      skip(this, 'no small disk can be mounted here');
    }
    program = await startProgram({ env: { MERIDIAN_STORAGE: `file:${disk}` } });
  });

  after(async () => {
    closeConnections();
    if (!program) return;
    await program.stop();
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });

  it('refuses what does not fit with one sentence, and has room again after', async () => {
    const fixtures = new Fixtures('full-disk');
    const repository = new Repository(new Client(program.url, ADMIN), 'a/b', fixtures);
    const image = await repository.pushImage('latest');
    const large = fixtures.blob(2 * DISK_BYTES);
    const refused = await repository.putBlob(large);
    expectStatus(refused, 507);
    const { errors } = jsonOf<{ errors: { message: string }[] }>(refused);
    expect(errors[0]?.message).to.equal('the registry has no room for this');
    const opened = await repository.openUpload();
    const chunk = await repository.patch(opened, large.bytes);
    expectStatus(chunk, 507);
    const status = await repository.client.send('GET', opened);
    expect(status.headers['range']).to.equal('0-0');
    expectStatus(await repository.client.send('DELETE', locationOf(status)), 204);
    const kept = await repository.pushNewBlob(DISK_BYTES / 2);
    expectContent(await repository.getBlob(kept.digest), kept);
    expectContent(await repository.getManifest('latest'), image.manifest);
    // The upload of the single PUT may still be taken up again, and holds no bytes.
    expect((await readdir(join(disk, 'staging'))).length).to.be.at.most(1);
  });
});
