/** Where a blob may be mounted from when the client does not say (checklist 76). */
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Catalog } from '../storage/catalog.ts';

/** More holders of one blob than this are not looked through. */
const MAX_HOLDERS = 200;

export class Mounts {
  readonly #catalog: Pick<Catalog, 'listHolders'>;

  constructor({ catalog }: { catalog: Pick<Catalog, 'listHolders'> }) {
    this.#catalog = catalog;
  }

  /** A repository that has the blob and that the caller may pull from, or `undefined`. */
  async findSource(
    digest: Digest,
    mayPull: (repository: RepositoryName) => boolean,
  ): Promise<RepositoryName | undefined> {
    const holders = await this.#catalog.listHolders(digest, { limit: MAX_HOLDERS });
    return holders.find(mayPull);
  }
}
