/** Memory maker of `NameTree`. All names are ASCII, so the order of strings is that of bytes. */
import type { Digest } from '../../../oci/digest.ts';
import { matchesPath } from '../../../oci/path-pattern.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import {
  type Amounts,
  type Branch,
  type ImageEntry,
  MAX_INDEX_BYTES,
  MAX_REFERRERS,
  type NamePage,
  type NameTree,
  type ReferrerEntry,
  type Slice,
  type TagEntry,
  type TagKey,
  type TagPage,
} from '../../tree/tree.ts';
import type { MemoryFacts, MemoryRepository } from '../facts.ts';

export class MemoryNameTree implements NameTree {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async listGroups(branch: Branch, page: NamePage): Promise<Slice<string>> {
    return cutNames(this.#levels(branch, page, 1), page);
  }

  async listProjects(
    branch: Branch & { readonly path: string },
    page: NamePage,
  ): Promise<Slice<string>> {
    return cutNames(this.#levels(branch, page, 2), page);
  }

  async listImages(branch: Branch, page: NamePage): Promise<Slice<ImageEntry>> {
    const { items, ...more } = cutNames(this.#namesIn(branch), page);
    return { items: items.map((name) => this.#describeImage(name)), ...more };
  }

  async listTags(repository: RepositoryName, page: TagPage): Promise<Slice<TagEntry, TagKey>> {
    const { after, limit, order, isDescending } = page;
    const found = this.#facts.repositories.get(repository);
    const entries = [...(found?.tags ?? [])].map(([name, digest]) => {
      const { at, by } = this.#facts.pushes.get(`${repository}:${name}`)!;
      return { name, pushedAt: at, pushedBy: by, ...describeManifest(found!, digest) };
    });
    const way = isDescending ? -1 : 1;
    const compare = (one: TagKey, other: TagKey) => way * compareTags(one, other, order);
    const sorted = entries
      .filter((entry) => isWanted(entry.name, page) && (!after || compare(entry, after) > 0))
      .sort(compare);
    const items = sorted.slice(0, limit);
    const last = items.at(-1);
    if (sorted.length <= limit || !last) return { items };
    return { items, next: { name: last.name, pushedAt: last.pushedAt } };
  }

  async measure(branch: Branch): Promise<Amounts> {
    const names = this.#namesIn(branch);
    const sizes = new Map<Digest, number>();
    const manifests = new Map<Digest, number>();
    for (const name of names) {
      const repository = this.#facts.repositories.get(name)!;
      for (const [digest, size] of repository.blobs) sizes.set(digest, size);
      for (const { digest, content } of repository.manifests.values())
        manifests.set(digest, content.length);
    }
    return {
      repositories: names.length,
      manifests: manifests.size,
      blobs: sizes.size,
      sizeBytes: sumOf(sizes.values()) + sumOf(manifests.values()),
    };
  }

  #describeImage(name: RepositoryName): ImageEntry {
    const tags = [...this.#facts.repositories.get(name)!.tags.keys()];
    const keys = tags.map((tag) => ({
      name: tag,
      pushedAt: this.#facts.pushes.get(`${name}:${tag}`)!.at,
    }));
    const newest = keys.sort((one, other) => compareTags(other, one, 'pushed'))[0];
    const push = newest && this.#facts.pushes.get(`${name}:${newest.name}`);
    return push ? { name, pushedAt: push.at, pushedBy: push.by } : { name };
  }

  /** The first levels of the names that begin so, each once. */
  #levels(branch: Branch, { prefix = '' }: NamePage, levels: number): string[] {
    const names = this.#namesIn(branch).filter((name) => name.startsWith(prefix));
    return [...new Set(names.map((name) => name.split('/').slice(0, levels).join('/')))];
  }

  #namesIn({ visible, path, isAlone }: Branch): RepositoryName[] {
    return [...this.#facts.repositories.keys()]
      .filter((name) => path === undefined || name === path || isBelow(name, path))
      .filter((name) => !isAlone || name === path)
      .filter((name) => visible.some((pattern) => matchesPath(pattern, name)));
  }
}

function isBelow(name: string, path: string): boolean {
  return name.startsWith(`${path}/`);
}

function isWanted(name: string, { prefix = '', search = '' }: Omit<NamePage, 'after'>): boolean {
  return name.startsWith(prefix) && name.includes(search);
}

function cutNames<Name extends string>(names: readonly Name[], page: NamePage): Slice<Name> {
  const { after = '', limit, ...filter } = page;
  const wanted = names.filter((name) => name > after && isWanted(name, { ...filter, limit }));
  const items = wanted.sort().slice(0, limit);
  return wanted.length > limit ? { items, next: items.at(-1) ?? after } : { items };
}

function compareTags(one: TagKey, other: TagKey, order: TagPage['order']): number {
  const between = order === 'name' ? 0 : one.pushedAt.getTime() - other.pushedAt.getTime();
  if (between !== 0) return between;
  if (one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
}

function describeManifest(repository: MemoryRepository, digest: Digest) {
  const { manifests: all, blobs } = repository;
  const { mediaType, content, artifactType, manifests } = all.get(digest)!;
  const named = new Set([digest]);
  for (const one of named) for (const child of all.get(one)?.manifests ?? []) named.add(child);
  const parts = new Set([...named].flatMap((one) => all.get(one)?.blobs ?? []));
  const bytes = sumOf([...named].map((one) => all.get(one)?.content.length ?? 0));
  return {
    digest,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    sizeBytes: bytes + sumOf([...parts].map((blob) => blobs.get(blob) ?? 0)),
    ...(manifests.length > 0 && content.length <= MAX_INDEX_BYTES ? { index: content } : {}),
    referrers: referrersOf(repository, digest),
  };
}

function referrersOf({ manifests }: MemoryRepository, digest: Digest): ReferrerEntry[] {
  return [...manifests.values()]
    .filter(({ subject }) => subject === digest)
    .sort((one, other) => (one.digest < other.digest ? -1 : 1))
    .slice(0, MAX_REFERRERS)
    .map((one) => ({
      digest: one.digest,
      mediaType: one.mediaType,
      ...(one.artifactType === undefined ? {} : { artifactType: one.artifactType }),
      sizeBytes: one.content.length,
    }));
}

function sumOf(sizes: Iterable<number>): number {
  return [...sizes].reduce((sum, size) => sum + size, 0);
}
