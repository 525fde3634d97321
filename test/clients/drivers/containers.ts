/** podman and buildah: two programs over one library, with a store of images on this machine. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { LAYOUT_TAG, type Layout } from '../../support/images/image.ts';
import { type Files, readDirectoryFiles } from '../../support/images/image-files.ts';
import { run } from '../../support/programs/commands.ts';
import type { ImageClient, Pulled, Registry, Session } from '../client.ts';

/** A store of its own in the folder; two of them share nothing. */
class Store {
  readonly #program: string;
  readonly #words: readonly string[];

  constructor(program: string, folder: string) {
    this.#program = program;
    const runroot = join(folder, 'run');
    this.#words = ['--storage-driver=vfs', '--root', join(folder, 'root'), '--runroot', runroot];
  }

  async run(words: readonly string[], input = ''): Promise<string> {
    const env = { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'vfs' };
    return (await run([this.#program, ...this.#words, ...words], { env, input })).trim();
  }
}

/** Where the two programs differ: how they show what is in an image. */
interface Dialect {
  findDigests(store: Store, image: string): Promise<string[]>;
  readFiles(store: Store, image: string): Promise<Files>;
}

const podmanDialect: Dialect = {
  async findDigests(store, image) {
    const [found] = JSON.parse(await store.run(['image', 'inspect', image])) as {
      RepoDigests: string[];
    }[];
    return (found?.RepoDigests ?? []).map(digestIn);
  },
  async readFiles(store, image) {
    return readDirectoryFiles(await store.run(['image', 'mount', image]));
  },
};

const buildahDialect: Dialect = {
  async findDigests(store, image) {
    const found = await store.run(['inspect', '--type', 'image', image]);
    const { FromImageDigest } = JSON.parse(found) as { FromImageDigest: string };
    return [FromImageDigest];
  },
  async readFiles(store, image) {
    const container = await store.run(['from', image]);
    return readDirectoryFiles(await store.run(['mount', container]));
  },
};

function digestIn(reference: string): string {
  return reference.slice(reference.indexOf('@') + 1);
}

export const podman = clientOf('podman', podmanDialect);
export const buildah = clientOf('buildah', buildahDialect);

function clientOf(program: string, dialect: Dialect): ImageClient {
  return {
    name: program,
    programs: [program],
    keepsDigest: false,
    async open(folder, registry) {
      const session = new ContainersSession({ program, dialect, folder, registry });
      await session.login();
      return session;
    },
  };
}

interface Options {
  readonly program: string;
  readonly dialect: Dialect;
  readonly folder: string;
  readonly registry: Registry;
}

class ContainersSession implements Session {
  readonly #options: Options;
  readonly #authfile: string;
  readonly #store: Store;

  constructor(options: Options) {
    this.#options = options;
    this.#authfile = join(options.folder, 'auth.json');
    this.#store = new Store(options.program, join(options.folder, 'pushing'));
  }

  async at(registry: Registry): Promise<Session> {
    const session = new ContainersSession({ ...this.#options, registry });
    await session.login();
    return session;
  }

  async login(): Promise<void> {
    const { host, user, password } = this.#options.registry;
    const words = ['login', ...this.#access(), '--username', user, '--password-stdin', host];
    await this.#store.run(words, password);
  }

  async push(layout: Layout, repository: string): Promise<void> {
    const source = `oci:${layout.directory}:${LAYOUT_TAG}`;
    const target = `docker://${this.#at(repository)}`;
    if (layout.images.length === 1) {
      const image = lastLine(await this.#store.run(['pull', source]));
      await this.#store.run(['push', ...this.#access(), image, target]);
      return;
    }
    const list = `list-${layout.name}`;
    await this.#store.run(['manifest', 'create', list]);
    await this.#store.run(['manifest', 'add', '--all', list, source]);
    await this.#store.run(['manifest', 'push', '--all', ...this.#access(), list, target]);
  }

  async pull(repository: string): Promise<Pulled> {
    const { program, folder, dialect } = this.#options;
    const store = new Store(program, await mkdtemp(join(folder, 'pulled-')));
    const image = lastLine(await store.run(['pull', ...this.#access(), this.#at(repository)]));
    const digests = await dialect.findDigests(store, image);
    return { digests, images: [await dialect.readFiles(store, image)] };
  }

  async close(): Promise<void> {}

  #access(): string[] {
    return ['--tls-verify=false', '--authfile', this.#authfile];
  }

  #at(repository: string): string {
    return `${this.#options.registry.host}/${repository}:${LAYOUT_TAG}`;
  }
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1);
}
