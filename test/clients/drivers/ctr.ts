/** ctr, containerd's own client, with a containerd of its own. It logs in with each command. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LAYOUT_TAG, type Layout } from '../../support/images/image.ts';
import { readLayout } from '../../support/images/image-files.ts';
import { run } from '../../support/programs/commands.ts';
import { type Daemon, startDaemon } from '../../support/programs/daemon.ts';
import type { ImageClient, Pulled, Registry, Session } from '../client.ts';

export const ctr: ImageClient = {
  name: 'ctr',
  programs: ['ctr', 'containerd'],
  keepsDigest: true,
  async open(folder, registry) {
    return new CtrSession(folder, registry, await startContainerd(folder));
  },
};

export function socketIn(folder: string): string {
  return join(folder, 'containerd.sock');
}

export async function startContainerd(folder: string): Promise<Daemon> {
  const config = join(folder, 'config.toml');
  const text = `version = 2
root = "${join(folder, 'root')}"
state = "${join(folder, 'state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${socketIn(folder)}"
`;
  await writeFile(config, text);
  return startDaemon({
    command: ['containerd', '--config', config],
    probe: () => run(['ctr', '--address', socketIn(folder), 'version']),
  });
}

class CtrSession implements Session {
  readonly #folder: string;
  readonly #registry: Registry;
  readonly #daemon: Daemon;

  constructor(folder: string, registry: Registry, daemon: Daemon) {
    this.#folder = folder;
    this.#registry = registry;
    this.#daemon = daemon;
  }

  async at(registry: Registry): Promise<Session> {
    return new CtrSession(this.#folder, registry, this.#daemon);
  }

  async push(layout: Layout, repository: string): Promise<void> {
    const base = `${this.#registry.host}/${repository}`;
    const words = ['--all-platforms', '--no-unpack', '--base-name', base];
    await this.#images(['import', ...words, layout.archive]);
    await this.#images(['push', ...this.#access(), this.#at(repository)]);
  }

  /** Everything is removed first, so that each blob must come from the registry. */
  async pull(repository: string): Promise<Pulled> {
    const reference = this.#at(repository);
    const known = (await this.#images(['list', '--quiet'])).split('\n').filter(Boolean);
    if (known.length > 0) await this.#images(['remove', '--sync', ...known]);
    const words = ['--all-platforms', '--snapshotter', 'native'];
    await this.#images(['pull', ...words, ...this.#access(), reference]);
    const target = await mkdtemp(join(this.#folder, 'pulled-'));
    const archive = join(target, 'archive.tar');
    await this.#images(['export', '--all-platforms', archive, reference]);
    await run(['tar', '-C', target, '-xf', archive]);
    const { digest, images } = await readLayout(target);
    return { digests: [digest], images };
  }

  close(): Promise<void> {
    return this.#daemon.stop();
  }

  #access(): string[] {
    return ['--plain-http', '--user', `${this.#registry.user}:${this.#registry.password}`];
  }

  #at(repository: string): string {
    return `${this.#registry.host}/${repository}:${LAYOUT_TAG}`;
  }

  #images(words: readonly string[]): Promise<string> {
    return run(['ctr', '--address', socketIn(this.#folder), 'images', ...words]);
  }
}
