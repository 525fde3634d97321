/** Repositories: which there are, and which of them somebody may see. */
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { Actor } from '../oci/events/actor.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Catalog, Page } from '../storage/catalog.ts';
import type { Metadata } from '../storage/metadata.ts';

interface Dependencies {
  readonly catalog: Pick<Catalog, 'findRepository' | 'listRepositories' | 'listHolders'>;
  readonly metadata: Pick<Metadata, 'deleteRepository'>;
}

/** More holders of one blob than this are not looked through. */
const MAX_HOLDERS = 200;

export class Repositories {
  readonly #catalog: Dependencies['catalog'];
  readonly #metadata: Dependencies['metadata'];

  constructor({ catalog, metadata }: Dependencies) {
    this.#catalog = catalog;
    this.#metadata = metadata;
  }

  /** @throws RegistryError NAME_UNKNOWN where it is not there. */
  async check(repository: RepositoryName): Promise<void> {
    const found = await this.#catalog.findRepository(repository);
    if (!found) throw new RegistryError('NAME_UNKNOWN', { detail: { name: repository } });
  }

  /** Repositories that one of the patterns covers, in byte order. */
  list(visible: readonly PathPattern[], page: Page): Promise<RepositoryName[]> {
    return visible.length === 0
      ? Promise.resolve([])
      : this.#catalog.listRepositories(visible, page);
  }

  /** With all that is in it. @throws RegistryError NAME_UNKNOWN where it is not there. */
  async delete(repository: RepositoryName, actor: Actor): Promise<void> {
    const wasThere = await this.#metadata.deleteRepository(repository, actor);
    if (!wasThere) throw new RegistryError('NAME_UNKNOWN', { detail: { name: repository } });
  }

  /**
   * A repository that has the blob and that the caller may pull from, or `undefined`: where a
   * blob is mounted from when the client does not say (checklist 76).
   */
  async findHolder(
    digest: Digest,
    mayPull: (repository: RepositoryName) => boolean,
  ): Promise<RepositoryName | undefined> {
    const holders = await this.#catalog.listHolders(digest, { limit: MAX_HOLDERS });
    return holders.find(mayPull);
  }
}
