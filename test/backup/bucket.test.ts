import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { Fixtures } from '../conformance/fixtures.ts';
import { expectStatus, Repository } from '../conformance/repository.ts';
import { runMeridian } from '../support/programs/meridian.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import { requireBucket, type SwiftBucket } from '../support/swift-bucket.ts';

function settingsOf({ url, server }: SwiftBucket): Record<string, string> {
  return {
    MERIDIAN_STORAGE: url.href,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
}

/** What the command reports. @throws where it failed */
async function meridian(words: readonly string[], env: Record<string, string>) {
  const ended = await runMeridian(words, env);
  expect(ended.status, ended.stderr).to.equal(0);
  return JSON.parse(ended.stdout) as { blobs: number; copied: number; lost: string[] };
}

describe('a backup of a site whose blobs are in a bucket', function () {
  this.timeout(120_000);
  let home: string;
  let site: Started | undefined;
  const buckets: SwiftBucket[] = [];

  before(async function () {
    this.timeout(120_000);
    buckets.push(await requireBucket(this), await requireBucket(this));
    home = await mkdtemp(join(tmpdir(), 'meridian-bucket-'));
  });
  after(async () => {
    closeConnections();
    await site?.stop();
    if (home) await rm(home, { recursive: true, force: true });
  });

  it('holds the blobs, and brings them back into another, empty bucket', async () => {
    const [first, second] = buckets.map(settingsOf);
    const [folder, before, after] = ['backup', 'before', 'after'].map((name) => join(home, name));
    site = await startProgram({ data: before!, env: first! });
    const repository = new Repository(new Client(site.url, ADMIN), 'team/app', new Fixtures('s3'));
    const image = await repository.pushImage('v1');
    const words = ['backup', folder!, '--json'];
    const kept = await meridian(words, { ...first, MERIDIAN_DATA: before! });
    expect(kept).to.include({ blobs: 2, copied: 2 });
    expect(await readdir(folder!)).to.include('content');
    await site.stop();
    const restored = await meridian(['restore', folder!, '--json'], {
      ...second,
      MERIDIAN_DATA: after!,
    });
    expect(restored.lost).to.deep.equal([]);
    site = await startProgram({ data: after!, env: second! });
    const client = new Client(site.url, ADMIN);
    const manifest = await client.send('GET', '/v2/team/app/manifests/v1');
    expect(manifest.headers['docker-content-digest']).to.equal(image.manifest.digest);
    for (const { digest, bytes } of [image.config, image.layer]) {
      const answer = await client.send('GET', `/v2/team/app/blobs/${digest}`);
      expect(answer.body).to.deep.equal(bytes);
    }
    await site.stop();
  });

  it('is of facts alone where the bucket is kept by other means', async () => {
    const env = { ...settingsOf(buckets[1]!), MERIDIAN_DATA: join(home, 'after') };
    const folder = join(home, 'facts');
    expect(await meridian(['backup', folder, '--facts-only', '--json'], env)).to.include({
      blobs: 0,
    });
    const data = join(home, 'again');
    await meridian(['restore', folder, '--facts-only', '--json'], { ...env, MERIDIAN_DATA: data });
    site = await startProgram({ data, env });
    const manifest = await new Client(site.url, ADMIN).send('GET', '/v2/team/app/manifests/v1');
    expectStatus(manifest, 200);
    await site.stop();
    site = undefined;
  });
});
