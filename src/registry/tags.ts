/** Tags of a repository. */
import { RegistryError } from '../oci/error.ts';
import type { Actor } from '../oci/events/actor.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { Catalog, Page } from '../storage/catalog.ts';
import type { Metadata } from '../storage/metadata.ts';

interface Dependencies {
  readonly catalog: Pick<Catalog, 'findRepository' | 'listTags'>;
  readonly metadata: Pick<Metadata, 'deleteTag'>;
}

export class Tags {
  readonly #catalog: Dependencies['catalog'];
  readonly #metadata: Dependencies['metadata'];

  constructor({ catalog, metadata }: Dependencies) {
    this.#catalog = catalog;
    this.#metadata = metadata;
  }

  /** In byte order. @throws RegistryError NAME_UNKNOWN where the repository is not there. */
  async list(repository: RepositoryName, page: Page): Promise<string[]> {
    const tags = await this.#catalog.listTags(repository, page);
    if (tags.length === 0 && !(await this.#catalog.findRepository(repository))) {
      throw new RegistryError('NAME_UNKNOWN', { detail: { name: repository } });
    }
    return tags;
  }

  /** The manifest stays. @throws RegistryError MANIFEST_UNKNOWN where there is no such tag. */
  async delete(repository: RepositoryName, tag: Tag, actor: Actor): Promise<void> {
    const wasThere = await this.#metadata.deleteTag(repository, tag, actor);
    if (!wasThere) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { tag } });
  }
}
