/** Memory maker of `VirtualCache`. Each method is one turn of the event loop. */
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';
import type {
  CachedBlob,
  CachedManifest,
  CachedTag,
  CacheEntry,
  ManifestEntry,
  NamedContent,
  Pull,
  TaggedManifest,
  Usage,
  VirtualCache,
} from '../../virtual/cache.ts';
import type { MemoryFacts } from '../facts.ts';
import { referenceOf, type Shelf, type Use, wordOf } from './cache-book.ts';
import { listShelf, measureShelves } from './cache-entries.ts';
import type { VirtualBook } from './virtual-book.ts';

/** No tag is believed to be absent for longer, where nothing rests on it. */
const ABSENT_MS = 60_000;
const LONG_MS = 400 * 24 * 3_600_000;

export class MemoryVirtualCache implements VirtualCache {
  readonly #book: VirtualBook;

  constructor(facts: MemoryFacts) {
    this.#book = facts.virtual;
  }

  async findTags(
    upstreams: readonly string[],
    image: RepositoryName,
    tag: Tag,
  ): Promise<CachedTag[]> {
    return this.#shelvesOf(upstreams, image).flatMap((shelf) => shelf.tags.get(tag)?.tag ?? []);
  }

  async findTagged(
    upstreams: readonly string[],
    image: RepositoryName,
    tag: Tag,
  ): Promise<TaggedManifest[]> {
    return this.#shelvesOf(upstreams, image).flatMap((shelf) => {
      const found = shelf.tags.get(tag)?.tag;
      const manifest = found?.digest && shelf.manifests.get(found.digest)?.manifest;
      return found ? [{ tag: found, ...(manifest ? { manifest } : {}) }] : [];
    });
  }

  async findManifests(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<CachedManifest[]> {
    const shelves = this.#shelvesOf(upstreams, image);
    return shelves.flatMap((shelf) => shelf.manifests.get(digest)?.manifest ?? []);
  }

  async findBlobs(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<CachedBlob[]> {
    return this.#shelvesOf(upstreams, image).flatMap((shelf) => {
      const sizeBytes = shelf.findBlob(digest);
      if (sizeBytes === undefined) return [];
      const { upstream } = shelf;
      const isHere = shelf.here.has(digest);
      const isGiven = this.#book.cache.list([upstream]).some(({ here }) => here.has(digest));
      return [{ upstream, image, digest, sizeBytes, isHere, isGiven }];
    });
  }

  async findBinding(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<string[]> {
    const shelves = this.#shelvesOf(upstreams, image).filter(
      (shelf) => shelf.manifests.has(digest) || shelf.indexesOf(digest).length > 0,
    );
    return shelves.map(({ upstream }) => upstream);
  }

  async recordManifest({ manifest, tag, checkedAt, ...named }: ManifestEntry): Promise<void> {
    const { upstream, image, digest } = manifest;
    if (!this.#book.upstreams.has(upstream)) return;
    const { manifests } = this.#book.cache.ensure(upstream, image);
    const known = manifests.get(digest);
    const use = known?.use ?? { pulls: 0, since: checkedAt };
    // Proven content stays, and so does what it names.
    const isWordOnly = known?.manifest.content !== undefined && manifest.content === undefined;
    const what = isWordOnly ? known : { manifest: structuredCopy(manifest), ...named };
    manifests.set(digest, { ...what, checkedAt, use });
    if (tag !== undefined) await this.recordTag({ upstream, image, tag, digest, checkedAt });
  }

  async recordTag(cached: CachedTag): Promise<void> {
    const { upstream, image, tag, digest, checkedAt } = cached;
    if (!this.#book.upstreams.has(upstream)) return;
    const { tags, manifests } = this.#book.cache.ensure(upstream, image);
    if (digest !== undefined && !manifests.has(digest)) return;
    tags.set(tag, {
      tag: { ...cached },
      absentUntilMs: checkedAt.getTime() + ABSENT_MS,
      use: tags.get(tag)?.use ?? { pulls: 0, since: checkedAt },
    });
    if (digest === undefined) this.#forgetAbsent(upstream, checkedAt.getTime());
  }

  async keepAbsent(upstreams: readonly string[], image: RepositoryName, tag: Tag): Promise<void> {
    for (const { tags } of this.#shelvesOf(upstreams, image)) {
      const known = tags.get(tag);
      if (known) known.absentUntilMs = known.tag.checkedAt.getTime() + LONG_MS;
    }
  }

  async recordBlob({ upstream, image, digest }: NamedContent): Promise<void> {
    const shelf = this.#book.cache.find(upstream, image);
    if (shelf?.findBlob(digest) !== undefined) shelf.here.add(digest);
  }

  async recordPulls(pulls: readonly Pull[]): Promise<void> {
    for (const { upstream, image, digest, tag, at, times = 1 } of pulls) {
      const shelf = this.#book.cache.find(upstream, image);
      if (!shelf) continue;
      const counted = tag === undefined ? shelf.manifests.get(digest) : shelf.tags.get(tag);
      if (counted) counted.use.pulls += times;
      if (counted) touch(counted.use, at);
      for (const use of listTouched(shelf, digest)) touch(use, at);
    }
  }

  async listEntries(page: {
    readonly upstream: string;
    readonly prefix?: string;
    readonly after?: { readonly image: string; readonly reference: string };
    readonly limit: number;
  }): Promise<CacheEntry[]> {
    const { prefix = '', after, limit } = page;
    const shelves = this.#book.cache.list([page.upstream]);
    const entries = shelves
      .filter(({ image }) => image.startsWith(prefix) && image >= (after?.image ?? ''))
      .flatMap((shelf) => listShelf(shelf))
      .map(({ entry }) => entry)
      .filter((entry) => entry.image !== after?.image || wordOf(entry) > after.reference);
    return entries.slice(0, limit);
  }

  async measure(upstreams: readonly string[]): Promise<Usage> {
    return measureShelves(this.#book.cache.list(upstreams));
  }

  async listUnused(
    upstreams: readonly string[],
    { before, limit }: { readonly before: Date; readonly limit: number },
  ): Promise<CacheEntry[]> {
    const listed = this.#book.cache.list(upstreams).flatMap((shelf) => listShelf(shelf));
    const unused = listed.filter(({ usedAt }) => usedAt < before);
    unused.sort((one, other) => one.usedAt.getTime() - other.usedAt.getTime());
    return unused.slice(0, limit).map(({ entry }) => entry);
  }

  async deleteEntry(
    entry: Pick<CacheEntry, 'upstream' | 'image' | 'tag' | 'digest'>,
  ): Promise<void> {
    const { upstream, image } = entry;
    this.#book.cache.purge({ upstream, image, reference: referenceOf(entry) });
  }

  async isNamed(digest: Digest): Promise<boolean> {
    return this.#book.cache.isNamed(digest);
  }

  /** Whoever asks for names that nobody has fills no shelf. */
  #forgetAbsent(upstream: string, nowMs: number): void {
    for (const { tags } of this.#book.cache.list([upstream])) {
      for (const { tag, absentUntilMs } of tags.values()) {
        const isOld = tag.digest === undefined && absentUntilMs < nowMs;
        if (isOld) tags.delete(tag.tag);
      }
    }
  }

  #shelvesOf(upstreams: readonly string[], image: RepositoryName): Shelf[] {
    return upstreams.flatMap((upstream) => this.#book.cache.find(upstream, image) ?? []);
  }
}

/** What a pull keeps in use: what was read, the indexes that name it, and all tags on those. */
function listTouched(shelf: Shelf, digest: Digest): Use[] {
  const manifests = [shelf.manifests.get(digest) ?? [], shelf.indexesOf(digest)].flat();
  const tags = manifests.flatMap(({ manifest }) => shelf.tagsOn(manifest.digest));
  return [...manifests, ...tags].map(({ use }) => use);
}

function touch(use: Use, at: Date): void {
  if (!use.pulledAt || use.pulledAt < at) use.pulledAt = at;
}

function structuredCopy({ content, ...rest }: CachedManifest): CachedManifest {
  return content ? { ...rest, content: Buffer.from(content) } : { ...rest };
}
