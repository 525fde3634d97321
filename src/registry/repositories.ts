/** Repositories: which there are, and which of them somebody may see. */
import { RegistryError } from '../oci/error.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Catalog, Page } from '../storage/catalog.ts';

export class Repositories {
  readonly #catalog: Catalog;

  constructor({ catalog }: { catalog: Catalog }) {
    this.#catalog = catalog;
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
}
