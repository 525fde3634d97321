/** What somebody sees of the tree of names: groups, projects, images and their tags. */
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Catalog } from '../../storage/catalog.ts';
import type {
  Amounts,
  NameTree,
  ReferrerEntry,
  Slice,
  TagEntry,
  TagKey,
  TagPage,
} from '../../storage/tree/tree.ts';
import { readPlatforms } from './platforms.ts';

interface Dependencies {
  readonly nameTree: NameTree;
  readonly catalog: Pick<Catalog, 'findRepository'>;
}

export interface TagView {
  readonly name: Tag;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  /** The manifest with all that it names, each content once. */
  readonly sizeBytes: number;
  /** As an index says them, `linux/arm64/v8`; none where only the config would say it. */
  readonly platforms: readonly string[];
  readonly pushedAt: Date;
  readonly pushedBy: string;
  readonly referrers: readonly ReferrerEntry[];
}

/** A part of the tree with what it holds, and of that its own repository, where there is one. */
export interface TreeSize extends Amounts {
  readonly tree: string;
  readonly own?: Amounts;
}

export class TreeViews {
  readonly #nameTree: NameTree;
  readonly #catalog: Dependencies['catalog'];

  constructor({ nameTree, catalog }: Dependencies) {
    this.#nameTree = nameTree;
    this.#catalog = catalog;
  }

  /** See `NameTree.listGroups`. */
  listGroups(...asked: Parameters<NameTree['listGroups']>): ReturnType<NameTree['listGroups']> {
    return this.#nameTree.listGroups(...asked);
  }

  /** See `NameTree.listProjects`. */
  listProjects(
    ...asked: Parameters<NameTree['listProjects']>
  ): ReturnType<NameTree['listProjects']> {
    return this.#nameTree.listProjects(...asked);
  }

  /** See `NameTree.listImages`. */
  listImages(...asked: Parameters<NameTree['listImages']>): ReturnType<NameTree['listImages']> {
    return this.#nameTree.listImages(...asked);
  }

  /** See `NameTree.listTags`. @throws RegistryError NAME_UNKNOWN where it is not there. */
  async listTags(repository: RepositoryName, page: TagPage): Promise<Slice<TagView, TagKey>> {
    const { items, ...more } = await this.#nameTree.listTags(repository, page);
    const isThere = items.length > 0 || (await this.#catalog.findRepository(repository));
    if (!isThere) throw new RegistryError('NAME_UNKNOWN', { detail: { name: repository } });
    return { items: items.map(toView), ...more };
  }

  /**
   * Reads all that is linked there, so it takes as long as that is much.
   * @throws RegistryError NAME_UNKNOWN where nothing that is covered is there.
   */
  async measure(path: RepositoryName, visible: readonly PathPattern[]): Promise<TreeSize> {
    const all = await this.#nameTree.measure({ visible, path });
    if (all.repositories === 0) throw new RegistryError('NAME_UNKNOWN', { detail: { name: path } });
    const own = await this.#nameTree.measure({ visible, path, isAlone: true });
    return { tree: path, ...all, ...(own.repositories > 0 ? { own } : {}) };
  }
}

function toView({ index, ...entry }: TagEntry): TagView {
  return { ...entry, platforms: index ? readPlatforms(index) : [] };
}
