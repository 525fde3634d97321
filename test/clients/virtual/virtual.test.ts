/** Real clients that pull through virtual registries, by their path and as mirrors. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readLayout } from '../../support/images/image-files.ts';
import { requireProgram, run } from '../../support/programs/commands.ts';
import { ADMIN } from '../../support/programs/program.ts';
import type { ImageClient, Session } from '../client.ts';
import { podman } from '../drivers/containers.ts';
import { ctr, socketIn as ctrSocketIn, startContainerd } from '../drivers/ctr.ts';
import { docker, socketIn as dockerSocketIn, startDockerd } from '../drivers/docker.ts';
import { skopeo } from '../drivers/skopeo.ts';
import { expectFiles } from '../matrix.ts';
import {
  GUARDED_IMAGE,
  openVirtualStand,
  PLAIN_IMAGE,
  PRIVATE_IMAGE,
  type VirtualStand,
} from './stand.ts';

const CLIENTS: readonly ImageClient[] = [docker, podman, skopeo, ctr];

describe('clients of virtual registries', function () {
  this.timeout(300_000);
  let stand: VirtualStand;
  let home: string;

  before(async function () {
    for (const program of ['skopeo', 'docker-registry']) requireProgram(program, this);
    stand = await openVirtualStand();
  });
  after(() => stand?.close());

  beforeEach(async () => {
    // podman takes no longer path than 50 characters.
    home = await mkdtemp(join(tmpdir(), 'virtual-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const pull = async (client: ImageClient, image: string) => {
    const session: Session = await client.open(home, { host: stand.url.host, ...ADMIN });
    try {
      const layout = stand.layouts[image]!;
      const pulled = await session.pull(`virtual_registries/containers/all/${image}`);
      if (client.keepsDigest) expect(pulled.digests).to.deep.equal([layout.digest]);
      expectFiles(pulled, layout);
    } finally {
      await session.close();
    }
  };

  for (const client of CLIENTS) {
    it(`${client.name} pulls an image and an index by path`, async function () {
      for (const program of client.programs) requireProgram(program, this);
      for (const image of [PLAIN_IMAGE, GUARDED_IMAGE, PRIVATE_IMAGE]) await pull(client, image);
    });
  }

  it('ctr pulls from it as a mirror, with its ns', async function () {
    for (const program of ctr.programs) requireProgram(program, this);
    const hosts = join(home, 'hosts', 'docker.io');
    await mkdir(hosts, { recursive: true });
    const mirror = `[host."http://${stand.mirror}"]\n  capabilities = ["pull", "resolve"]\n`;
    await writeFile(join(hosts, 'hosts.toml'), mirror);
    const daemon = await startContainerd(home);
    try {
      const images = ['ctr', '--address', ctrSocketIn(home), 'images'] as const;
      const reference = `docker.io/${PLAIN_IMAGE}:v1`;
      const words = ['--hosts-dir', join(home, 'hosts'), '--snapshotter', 'native'];
      await run([...images, 'pull', ...words, reference]);
      const archive = join(home, 'archive.tar');
      await run([...images, 'export', archive, reference]);
      const target = await mkdtemp(join(home, 'exported-'));
      await run(['tar', '-C', target, '-xf', archive]);
      const layout = stand.layouts[PLAIN_IMAGE]!;
      const { digest, images: files } = await readLayout(target);
      expect(digest).to.equal(layout.digest);
      expectFiles({ digests: [digest], images: files }, layout);
    } finally {
      await daemon.stop();
    }
  });

  it('podman pulls from it as a mirror', async function () {
    requireProgram('podman', this);
    const conf = join(home, 'registries.conf');
    const mirror = `[[registry.mirror]]\nlocation = "${stand.mirror}"\ninsecure = true\n`;
    await writeFile(conf, `[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n${mirror}`);
    const store = ['--root', join(home, 'root'), '--runroot', join(home, 'run')];
    const words = ['--storage-driver=vfs', ...store];
    const env = { CONTAINERS_REGISTRIES_CONF: conf, STORAGE_DRIVER: 'vfs' };
    const id = await run(['podman', ...words, 'pull', `docker.io/${PLAIN_IMAGE}:v1`], { env });
    const inspected = await run(['podman', ...words, 'image', 'inspect', id.trim()], { env });
    expect(inspected).to.include(stand.layouts[PLAIN_IMAGE]!.digest);
  });

  it('docker pulls from it as a registry mirror', async function () {
    for (const program of docker.programs) requireProgram(program, this);
    const insecure = `--insecure-registry=${stand.mirror}`;
    const mirror = `--registry-mirror=http://${stand.mirror}`;
    const daemon = await startDockerd(home, [mirror, insecure]);
    try {
      const at = ['docker', '-H', dockerSocketIn(home)] as const;
      const name = PLAIN_IMAGE.replace('library/', '');
      await run([...at, 'pull', `${name}:v1`]);
      const inspected = await run([...at, 'image', 'inspect', `${name}:v1`]);
      expect(inspected).to.include(stand.layouts[PLAIN_IMAGE]!.digest);
    } finally {
      await daemon.stop();
    }
  });

  it('go on pulling what is cached when the upstreams are away', async () => {
    await stand.stopUpstreams();
    for (const image of [PLAIN_IMAGE, GUARDED_IMAGE, PRIVATE_IMAGE]) await pull(skopeo, image);
  });
});
