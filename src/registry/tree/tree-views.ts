/** What somebody sees of the tree of names: groups, projects, images and their tags. */
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Catalog } from '../../storage/catalog.ts';
import type { ImagePulls } from '../../storage/tree/pulls.ts';
import type {
  Amounts,
  ImageEntry,
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
  readonly imagePulls: Pick<ImagePulls, 'find'>;
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
  /** Last, by its name or by its digest; absent for never. */
  readonly pulledAt?: Date;
  readonly referrers: readonly ReferrerEntry[];
}

/** A repository with its newest push of a tag, and when anything of it was pulled last. */
export interface ImageView extends ImageEntry {
  readonly pulledAt?: Date;
}

/** A part of the tree with what it holds, and of that its own repository, where there is one. */
export interface TreeSize extends Amounts {
  readonly tree: string;
  readonly own?: Amounts;
}

export class TreeViews {
  readonly #nameTree: NameTree;
  readonly #catalog: Dependencies['catalog'];
  readonly #imagePulls: Dependencies['imagePulls'];

  constructor({ nameTree, catalog, imagePulls }: Dependencies) {
    this.#nameTree = nameTree;
    this.#catalog = catalog;
    this.#imagePulls = imagePulls;
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
  async listImages(...asked: Parameters<NameTree['listImages']>): Promise<Slice<ImageView>> {
    const { items, ...more } = await this.#nameTree.listImages(...asked);
    const keys = items.map(({ name }) => ({ repository: name, reference: '' as const }));
    const pulls = await this.#imagePulls.find(keys);
    const last = new Map(pulls.map(({ repository, at }) => [repository, at]));
    return { items: items.map((item) => withPull(item, last.get(item.name))), ...more };
  }

  /** See `NameTree.listTags`. @throws RegistryError NAME_UNKNOWN where it is not there. */
  async listTags(repository: RepositoryName, page: TagPage): Promise<Slice<TagView, TagKey>> {
    const { items, ...more } = await this.#nameTree.listTags(repository, page);
    const isThere = items.length > 0 || (await this.#catalog.findRepository(repository));
    if (!isThere) throw new RegistryError('NAME_UNKNOWN', { detail: { name: repository } });
    const last = await this.#findPulls(repository, items);
    return { items: items.map((item) => withPull(toView(item), last(item))), ...more };
  }

  async #findPulls(repository: RepositoryName, tags: readonly TagEntry[]) {
    const references = new Set(tags.flatMap(({ name, digest }) => [name, digest]));
    const keys = [...references].map((reference) => ({ repository, reference }));
    const pulls = await this.#imagePulls.find(keys);
    const last = new Map<string, Date>(pulls.map(({ reference, at }) => [reference, at]));
    return ({ name, digest }: TagEntry) => later(last.get(name), last.get(digest));
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

function withPull<View extends object>(view: View, pulledAt: Date | undefined) {
  return { ...view, ...(pulledAt ? { pulledAt } : {}) };
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  return one && other && one > other ? one : (other ?? one);
}

function toView({ index, ...entry }: TagEntry): TagView {
  return { ...entry, platforms: index ? readPlatforms(index) : [] };
}
