import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Client, type Credentials } from '../../conformance/client.ts';
import { closeConnections } from '../../conformance/exchange.ts';
import { type Content, Fixtures, imageOf, indexOf } from '../../conformance/fixtures.ts';
import { expectContent, expectStatus, Repository } from '../../conformance/repository.ts';
import { requireProgram } from '../../support/programs/commands.ts';
import {
  type DockerRegistry,
  startDockerRegistry,
} from '../../support/programs/docker-registry.ts';
import { runMeridian } from '../../support/programs/meridian.ts';
import { PROGRAM } from '../../support/programs/path.ts';
import { ADMIN, type Started, startProgram } from '../../support/programs/program.ts';
import { startHarbor } from './harbor.ts';

const SOURCE: Credentials = { user: 'reader', password: 'over-there' };
/** bcrypt of that password. */
const HASH = '$2b$05$hQG4hs8nFkGc8OadDzOnW.owIHYCGxM2VXEIH6KPjH5OavRKBK7r6';
const LARGE_BYTES = 24 * 1024 * 1024;

/** Debian's registry with basic auth, and a line in a file for each request. */
async function startGuarded(folder: string): Promise<DockerRegistry & { log: string }> {
  const users = join(folder, 'htpasswd');
  await writeFile(users, `${SOURCE.user}:${HASH}\n`);
  const log = join(folder, 'access.log');
  const registry = await startDockerRegistry({
    accessLog: log,
    config: {
      log: { level: 'error', accesslog: { disabled: false } },
      auth: { htpasswd: { realm: 'there', path: users } },
    },
  });
  return { ...registry, log };
}

/** How often each blob was fetched. */
async function readFetches(log: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const line of (await readFile(log, 'utf8')).split('\n')) {
    const digest = /"GET \/v2\/\S+\/blobs\/(sha256:[0-9a-f]{64}) HTTP\/1\.1" 200/.exec(line)?.[1];
    if (digest) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  return counts;
}

describe('meridian import', function () {
  this.timeout(180_000);
  let site: Started;
  let here: Client;
  const env = () => ({
    MERIDIAN_URL: site.url.origin,
    MERIDIAN_USER: ADMIN.user,
    MERIDIAN_PASSWORD: ADMIN.password,
    MERIDIAN_SOURCE_PASSWORD: SOURCE.password,
  });
  /** Runs it, and gives what it says as JSON. */
  const importFrom = async (url: string, words: readonly string[] = []) => {
    const ended = await runMeridian(['import', url, '--json', ...words], env());
    expect(ended.status, ended.stderr + ended.stdout).to.be.oneOf([0, 3]);
    return { status: ended.status, ...JSON.parse(ended.stdout) };
  };

  before(async () => {
    site = await startProgram();
    here = new Client(site.url, ADMIN);
  });
  after(async () => {
    closeConnections();
    await site.stop();
  });

  describe('from docker-registry', () => {
    let folder: string;
    let there: DockerRegistry & { log: string };
    let repository: Repository;

    before(async function () {
      requireProgram('docker-registry', this);
      folder = await mkdtemp(join(tmpdir(), 'meridian-import-'));
      there = await startGuarded(folder);
      const client = new Client(new URL(there.url), SOURCE);
      repository = new Repository(client, 'team/app', new Fixtures('import'));
    });
    after(async () => {
      await there?.stop();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    const words = ['--source-user', SOURCE.user];

    it('brings tags, indexes and what several repositories share, once', async () => {
      const image = await repository.pushImage('v1');
      const other = await repository.pushImage();
      const index = await repository.pushManifest(indexOf([image.manifest, other.manifest]), 'all');
      const second = new Repository(repository.client, 'tools/cli', new Fixtures('second'));
      await second.pushBlob(image.config);
      await second.pushBlob(image.layer);
      await second.pushManifest(imageOf(image.config, [image.layer]), 'v1');

      const plan = await importFrom(there.url, [...words, '--dry-run']);
      expect(plan).to.include({ status: 0, isDryRun: true, repositories: 2, manifests: 0 });
      expect(plan.missingBytes).to.be.above(image.layer.bytes.length);
      expectStatus(await here.send('GET', '/v2/team/app/manifests/v1'), 404);

      const done = await importFrom(there.url, words);
      expect(done).to.include({ status: 0, tags: 3, blobs: 4, mounts: 2 });
      expect(done.failures).to.deep.equal([]);
      for (const [name, content] of [
        ['v1', image.manifest],
        ['all', index],
      ] as const) {
        expectContent(await here.send('GET', `/v2/team/app/manifests/${name}`), content);
      }
      expectContent(
        await here.send('GET', `/v2/tools/cli/blobs/${image.layer.digest}`),
        image.layer,
      );
      expectStatus(await here.send('GET', `/v2/team/app/manifests/${other.manifest.digest}`), 200);

      const again = await importFrom(there.url, words);
      expect(again).to.include({ status: 0, tags: 0, tagsThere: 3, blobs: 0, missingBytes: 0 });
    });

    it('goes on after it was killed, and fetches nothing twice that had come whole', async () => {
      const fixtures = new Fixtures('large');
      const large = new Repository(repository.client, 'large/app', fixtures);
      const config = await large.pushBlob(fixtures.config());
      const layers: Content[] = [];
      for (let nth = 0; nth < 8; nth += 1) layers.push(await large.pushNewBlob(LARGE_BYTES / 8));
      const image = await large.pushManifest(imageOf(config, layers), 'v1');
      const before = await readFetches(there.log);
      const only = ['--repositories', 'large/**', '--parallel', '1'];
      const child = spawn(process.execPath, [PROGRAM, 'import', there.url, ...words, ...only], {
        env: { PATH: process.env['PATH'], ...env() },
        stdio: 'ignore',
      });
      const exited = once(child, 'exit');
      const blobsHere = async () => {
        const answers = await Promise.all(
          layers.map(({ digest }) => here.send('HEAD', `/v2/large/app/blobs/${digest}`)),
        );
        return layers.filter((_, index) => answers[index]!.status === 200);
      };
      while (child.exitCode === null && (await blobsHere()).length < 2) await wait(5);
      child.kill('SIGKILL');
      await exited;
      const whole = await blobsHere();
      expect(whole.length, 'layers that had come').to.be.within(2, 7);
      expectStatus(await here.send('GET', '/v2/large/app/manifests/v1'), 404);
      const done = await importFrom(there.url, [...words, '--repositories', 'large/**']);
      expect(done).to.include({ status: 0, tags: 1 });
      expectContent(await here.send('GET', '/v2/large/app/manifests/v1'), image);
      const after = await readFetches(there.log);
      for (const { digest } of whole) {
        expect(after.get(digest)! - (before.get(digest) ?? 0), digest).to.equal(1);
      }
    });

    it('moves a tag that was moved there, into a group of its own', async () => {
      const only = [...words, '--repositories', 'team/*', '--into', 'legacy'];
      await importFrom(there.url, only);
      const { manifest } = await repository.pushImage('v1');
      const done = await importFrom(there.url, only);
      expect(done).to.include({ status: 0, tags: 1 });
      expectContent(await here.send('GET', '/v2/legacy/team/app/manifests/v1'), manifest);
    });

    it('says what it cannot read, and ends with 3 or 1', async () => {
      const wrong = { ...env(), MERIDIAN_SOURCE_PASSWORD: 'wrong' };
      const refused = await runMeridian(['import', there.url, ...words], wrong);
      expect(refused.status).to.equal(1);
      expect(refused.stderr).to.match(/^meridian: \S+ answers GET \/v2\/_catalog\S* with 401/);
      const lost = new Repository(repository.client, 'lost/app', new Fixtures('lost'));
      const { layer, manifest } = await lost.pushImage('v1');
      const hex = layer.digest.slice('sha256:'.length);
      const path = join(there.folder, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex);
      await rm(path, { recursive: true });
      const done = await importFrom(there.url, [...words, '--repositories', 'lost/**']);
      expect(done.status).to.equal(3);
      expect(done.failures).to.have.length(1);
      expect(done.failures[0]).to.include({ repository: 'lost/app', reference: manifest.digest });
    });
  });

  describe('from Harbor', () => {
    it('finds the projects page by page, passes over caches, and brings referrers', async () => {
      const harbor = await startHarbor({ projects: 120, credentials: SOURCE });
      try {
        const words = ['--source-user', SOURCE.user, '--repositories', 'project-1*/**'];
        const done = await importFrom(harbor.url, words);
        expect(done.failures).to.deep.equal([]);
        // project-1, -10 to -19 and -100 to -119, of which -7 would be a cache.
        expect(done).to.include({ status: 0, repositories: 31, tags: 31 });
        expect(done.cachesPassedOver).to.deep.equal(['cache']);
        const { image, referrer } = harbor;
        const path = '/v2/project-119/app';
        expectContent(await here.send('GET', `${path}/manifests/v1`), image);
        expectContent(await here.send('GET', `${path}/manifests/${referrer.digest}`), referrer);
        const listed = await here.send('GET', `${path}/referrers/${image.digest}`);
        expect(JSON.parse(listed.body.toString()).manifests).to.have.length(1);
        expect(harbor.blobFetches(), 'blobs of 31 repositories').to.equal(2);
      } finally {
        await harbor.stop();
      }
    });
  });
});
