/** skopeo: copies between a registry and OCI layouts, and keeps every byte. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { LAYOUT_TAG, type Layout } from '../../support/images/image.ts';
import { readLayout } from '../../support/images/image-files.ts';
import { run } from '../../support/programs/commands.ts';
import type { ImageClient, Registry, Session } from '../client.ts';

export const skopeo: ImageClient = {
  name: 'skopeo',
  programs: ['skopeo'],
  keepsDigest: true,
  open: openSession,
};

async function openSession(folder: string, registry: Registry): Promise<Session> {
  const authfile = join(folder, 'auth.json');
  const { user, password, host } = registry;
  const login = ['--tls-verify=false', '--authfile', authfile, '--username', user];
  await run(['skopeo', 'login', ...login, '--password-stdin', host], { input: password });
  return new SkopeoSession(folder, authfile, registry);
}

class SkopeoSession implements Session {
  readonly #folder: string;
  readonly #registry: Registry;
  readonly #copy: readonly [string, ...string[]];

  constructor(folder: string, authfile: string, registry: Registry) {
    this.#folder = folder;
    this.#registry = registry;
    // Without it a layer that this machine knows in another compression is sent in that one.
    const words = ['--all', '--preserve-digests', '--authfile', authfile];
    this.#copy = ['skopeo', '--insecure-policy', 'copy', ...words];
  }

  at(registry: Registry): Promise<Session> {
    return openSession(this.#folder, registry);
  }

  async push(layout: Layout, repository: string): Promise<void> {
    const source = `oci:${layout.directory}:${LAYOUT_TAG}`;
    await run([...this.#copy, '--dest-tls-verify=false', source, this.#at(repository)]);
  }

  async pull(repository: string) {
    const target = await mkdtemp(join(this.#folder, 'pulled-'));
    const copied = `oci:${target}:${LAYOUT_TAG}`;
    await run([...this.#copy, '--src-tls-verify=false', this.#at(repository), copied]);
    const { digest, images } = await readLayout(target);
    return { digests: [digest], images };
  }

  async close(): Promise<void> {}

  #at(repository: string): string {
    return `docker://${this.#registry.host}/${repository}:${LAYOUT_TAG}`;
  }
}
