/**
 * `npm run image`: builds `deploy/Dockerfile` by docker upon a Debian that was made just now, runs
 * what comes out, and uses it. Takes some minutes. Needs `mmdebstrap`, `docker.io` and `skopeo`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Content } from '../../clients/content.ts';
import { socketIn, startDockerd } from '../../clients/drivers/docker.ts';
import { skopeo } from '../../clients/drivers/skopeo.ts';
import { expectFiles } from '../../clients/matrix.ts';
import { run } from '../../support/programs/commands.ts';
import { ADMIN, findPort, waitForAnswer } from '../../support/programs/program.ts';
import { BASE, makeBase } from './base.ts';

const BUILD_LIMIT_MS = 1_800_000;
const HEALTH_LIMIT_MS = 60_000;
const USER = '10001';

type Docker = (...words: string[]) => Promise<string>;

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-image-'));
  // A build copies the whole image for each step on the driver that tests use elsewhere.
  const daemon = await startDockerd(folder, ['--storage-driver=overlay2']);
  const docker: Docker = (...words) =>
    run(['docker', '-H', socketIn(folder), ...words], { timeoutMs: BUILD_LIMIT_MS });
  try {
    say('a Debian to begin with');
    const root = await makeBase(folder);
    const archive = join(folder, 'root.tar');
    await run(['tar', '--create', '--directory', root, '--file', archive, '.']);
    await docker('import', archive, BASE);
    say('deploy/Dockerfile');
    // The steps share the network of this machine: its docker has no bridge.
    await docker('build', '--network=host', '--file=deploy/Dockerfile', '--tag=meridian', '.');
    await printSize(docker);
    await useImage(docker, folder);
    say('all is well');
  } finally {
    await daemon.stop();
    // The network of this machine, which docker leaves mounted.
    await run(['umount', join(folder, 'exec/netns/default')]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

function say(what: string): void {
  process.stdout.write(`${what}\n`);
}

async function printSize(docker: Docker): Promise<void> {
  const sizeOf = async (image: string) =>
    Number(await docker('image', 'inspect', '--format={{.Size}}', image)) / 1e6;
  const [whole, base] = [await sizeOf('meridian'), await sizeOf(BASE)];
  say(`${(whole - base).toFixed(0)} MB above its base of ${base.toFixed(0)} MB`);
}

/** Starts a site of it without any right, pushes and pulls, and lets it end. */
async function useImage(docker: Docker, folder: string): Promise<void> {
  const port = await findPort();
  const url = new URL(`http://127.0.0.1:${port}`);
  const rights = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  const settings = [
    `--env=MERIDIAN_LISTEN=127.0.0.1:${port}`,
    `--env=MERIDIAN_ADMIN_PASSWORD=${ADMIN.password}`,
  ];
  const words = ['--detach', '--name=site', '--network=host', '--tmpfs=/tmp', ...rights];
  await docker('run', ...words, ...settings, 'meridian');
  try {
    await waitForAnswer(new URL('/readyz', url));
    expect((await docker('exec', 'site', 'id', '-u')).trim()).to.equal(USER);
    expect((await docker('exec', 'site', 'meridian', '--version')).trim()).to.match(/^\d/);
    await waitForHealth(docker);
    say('it is healthy, and not root');
    await pushAndPull(url, folder);
    expect((await fetch(new URL('/console', url))).status).to.equal(200);
    say('skopeo pushed and pulled');
    await docker('stop', '--time=60', 'site');
    const code = await docker('inspect', '--format={{.State.ExitCode}}', 'site');
    expect(code.trim()).to.equal('0');
    say('it ended when it was told to');
  } catch (error) {
    say(await docker('logs', 'site'));
    throw error;
  } finally {
    await docker('rm', '--force', '--volumes', 'site');
  }
}

async function waitForHealth(docker: Docker): Promise<void> {
  const deadline = performance.now() + HEALTH_LIMIT_MS;
  while (performance.now() < deadline) {
    const health = await docker('inspect', '--format={{.State.Health.Status}}', 'site');
    if (health.trim() === 'healthy') return;
    await wait(500);
  }
  throw new Error('it did not become healthy');
}

async function pushAndPull(url: URL, folder: string): Promise<void> {
  const content = new Content();
  const session = await skopeo.open(folder, { host: url.host, ...ADMIN });
  const layout = await content.layout('image');
  await session.push(layout, 'image/app');
  expectFiles(await session.pull('image/app'), layout);
  await content.remove();
}

await main();
