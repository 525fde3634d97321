/** docker, with a daemon of its own. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { LAYOUT_TAG, type Layout, loadedName } from '../../support/images/image.ts';
import { readArchiveFiles } from '../../support/images/image-files.ts';
import { run } from '../../support/programs/commands.ts';
import { type Daemon, startDaemon } from '../../support/programs/daemon.ts';
import type { ImageClient, Pulled, Registry, Session } from '../client.ts';

export const docker: ImageClient = {
  name: 'docker',
  programs: ['docker', 'dockerd'],
  keepsDigest: false,
  async open(folder, registry) {
    const daemon = await startDockerd(folder);
    const session = new DockerSession(folder, registry, daemon);
    await session.login();
    return session;
  },
};

export function socketIn(folder: string): string {
  return `unix://${join(folder, 'docker.sock')}`;
}

/**
 * It accepts plain http on 127.0.0.0/8, and touches neither the network nor the firewall.
 * @param more words of its command line
 */
export function startDockerd(folder: string, more: readonly string[] = []): Promise<Daemon> {
  const words = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'];
  const places = [
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'docker.pid')}`,
    `--host=${socketIn(folder)}`,
  ];
  return startDaemon({
    command: ['dockerd', ...words, ...places, ...more],
    probe: () => run(['docker', '-H', socketIn(folder), 'version']),
  });
}

class DockerSession implements Session {
  readonly #folder: string;
  readonly #registry: Registry;
  readonly #daemon: Daemon;

  constructor(folder: string, registry: Registry, daemon: Daemon) {
    this.#folder = folder;
    this.#registry = registry;
    this.#daemon = daemon;
  }

  async at(registry: Registry): Promise<Session> {
    const session = new DockerSession(this.#folder, registry, this.#daemon);
    await session.login();
    return session;
  }

  async login(): Promise<void> {
    const { host, user, password } = this.#registry;
    await this.#run(['login', '--username', user, '--password-stdin', host], password);
  }

  async push(layout: Layout, repository: string): Promise<void> {
    await this.#run(['load', '--input', layout.archive]);
    const [first] = layout.images;
    const single = layout.images.length === 1;
    const references: string[] = [];
    for (const image of layout.images) {
      const tag = single ? LAYOUT_TAG : image.architecture;
      const reference = `${this.#at(repository)}:${tag}`;
      await this.#run(['tag', loadedName(layout, image), reference]);
      await this.#run(['push', reference]);
      references.push(reference);
    }
    if (single || first === undefined) return;
    const list = `${this.#at(repository)}:${LAYOUT_TAG}`;
    await this.#run(['manifest', 'create', '--insecure', list, ...references]);
    await this.#run(['manifest', 'push', '--insecure', list]);
  }

  /** Everything is removed first, so that each layer must come from the registry. */
  async pull(repository: string): Promise<Pulled> {
    await this.#run(['image', 'prune', '--all', '--force']);
    const reference = `${this.#at(repository)}:${LAYOUT_TAG}`;
    await this.#run(['pull', reference]);
    const [found] = JSON.parse(await this.#run(['image', 'inspect', reference])) as {
      RepoDigests: string[];
    }[];
    const digests = (found?.RepoDigests ?? []).map((text) => text.slice(text.indexOf('@') + 1));
    const container = (await this.#run(['create', reference])).trim();
    const archive = join(this.#folder, 'exported.tar');
    await this.#run(['export', '--output', archive, container]);
    const files = await readArchiveFiles(createReadStream(archive));
    await this.#run(['rm', container]);
    return { digests, images: [files] };
  }

  close(): Promise<void> {
    return this.#daemon.stop();
  }

  #at(repository: string): string {
    return `${this.#registry.host}/${repository}`;
  }

  #run(words: readonly string[], input = ''): Promise<string> {
    const env = { DOCKER_CONFIG: join(this.#folder, 'config') };
    return run(['docker', '-H', socketIn(this.#folder), ...words], { env, input });
  }
}
