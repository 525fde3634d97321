/** Every client against a target: what it pushes is what comes back elsewhere. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { closeConnections, headerOf, jsonOf } from '../conformance/exchange.ts';
import type { Layout } from '../support/images/image.ts';
import { requireProgram } from '../support/programs/commands.ts';
import type { ImageClient, Pulled, Session } from './client.ts';
import type { Content, ContentName } from './content.ts';
import { buildah, podman } from './drivers/containers.ts';
import { ctr } from './drivers/ctr.ts';
import { docker } from './drivers/docker.ts';
import { skopeo } from './drivers/skopeo.ts';
import type { Running, Target } from './targets.ts';

export const CLIENTS: readonly ImageClient[] = [docker, podman, buildah, skopeo, ctr];

const TIMEOUT_MS = 300_000;

const TITLES: Readonly<Record<ContentName, string>> = {
  image: 'pushes an image of several layers and pulls it back elsewhere',
  index: 'pushes an index of two architectures and pulls it back elsewhere',
  large: 'pushes a layer of 300 MB and pulls it back elsewhere',
};

export function describeTarget(
  target: Target,
  content: Content,
  names: readonly ContentName[],
): void {
  describe(`clients against ${target.name}`, function () {
    this.timeout(TIMEOUT_MS);
    let running: Running;

    before(async function () {
      running = await target.start(this);
    });
    after(async () => {
      closeConnections();
      await running?.stop();
    });

    for (const client of CLIENTS) {
      describeClient(client, { running: () => running, content, names });
    }
  });
}

interface Stand {
  readonly running: () => Running;
  readonly content: Content;
  readonly names: readonly ContentName[];
}

function describeClient(client: ImageClient, { running, content, names }: Stand): void {
  describe(client.name, () => {
    let folder: string;
    let session: Session | undefined;

    before(async function () {
      for (const program of client.programs) requireProgram(program, this);
      folder = await mkdtemp(join(tmpdir(), `meridian-${client.name}-`));
      session = await client.open(folder, running().registry);
    });
    after(async () => {
      await session?.close();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    for (const name of names) {
      it(TITLES[name], async () => {
        const layout = await content.layout(name);
        const repository = `clients/${client.name}/${name}`;
        await session!.push(layout, repository);
        const digests = await findDigests(running(), repository);
        if (client.keepsDigest) expect(digests[0]).to.equal(layout.digest);
        const pulled = await session!.pull(repository);
        expect(pulled.digests.length, 'digests that the client knows').to.be.above(0);
        expect(digests).to.include.members([...pulled.digests]);
        expectFiles(pulled, layout);
      });
    }
  });
}

/** What the registry itself says that the tag is, and what it holds where it is an index. */
export async function findDigests(
  { url, registry }: Pick<Running, 'url' | 'registry'>,
  repository: string,
): Promise<string[]> {
  const client = new Client(url, registry);
  const answer = await client.send('GET', `/v2/${repository}/manifests/v1`);
  const { manifests = [] } = jsonOf<{ manifests?: { digest: string }[] }>(answer);
  const children = manifests.map((child) => child.digest);
  return [headerOf(answer, 'Docker-Content-Digest'), ...children];
}

/** Clients add files of their own (`/etc/hosts`), so that only ours are compared. */
export function expectFiles({ images }: Pulled, layout: Layout): void {
  const built = images.length > 1 ? layout.images : layout.images.slice(0, 1);
  expect(images).to.have.lengthOf(built.length);
  for (const [index, image] of built.entries()) {
    for (const [path, hash] of image.files) expect(images[index]?.get(path), path).to.equal(hash);
  }
}
