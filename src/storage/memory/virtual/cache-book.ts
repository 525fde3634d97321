/** What a site has cached of upstreams, in memory: a shelf for each image of each upstream. */
import type { Digest } from '../../../oci/digest.ts';
import { printReference, type Reference, type Tag } from '../../../oci/reference.ts';
import type { Purge } from '../../../oci/virtual-registry.ts';
import type { CachedManifest, CachedTag, ManifestEntry } from '../../virtual/cache.ts';

/** How often something was pulled, and when it or what it names was last. */
export interface Use {
  pulls: number;
  pulledAt?: Date;
  /** When it came. */
  readonly since: Date;
}

export interface ShelvedManifest {
  readonly manifest: CachedManifest;
  readonly checkedAt: Date;
  readonly blobs: ManifestEntry['blobs'];
  readonly manifests: readonly Digest[];
  readonly use: Use;
}

export interface ShelvedTag {
  readonly tag: CachedTag;
  /** Where it is absent: so long that is kept. */
  absentUntilMs: number;
  readonly use: Use;
}

export class Shelf {
  readonly upstream: string;
  readonly image: string;
  readonly manifests = new Map<Digest, ShelvedManifest>();
  readonly tags = new Map<Tag, ShelvedTag>();
  /** Blobs that the upstream gave for this image. */
  readonly here = new Set<Digest>();

  constructor(upstream: string, image: string) {
    this.upstream = upstream;
    this.image = image;
  }

  /** Size of a blob that a manifest names. */
  findBlob(digest: Digest): number | undefined {
    const named = [...this.manifests.values()].flatMap(({ blobs }) => blobs);
    return named.find((blob) => blob.digest === digest)?.sizeBytes;
  }

  /** All that its manifests name, and whether each is here. */
  listBlobs(): Map<Digest, boolean> {
    const named = [...this.manifests.values()].flatMap(({ blobs }) => blobs);
    return new Map(named.map(({ digest }) => [digest, this.here.has(digest)]));
  }

  tagsOn(digest: Digest): ShelvedTag[] {
    return [...this.tags.values()].filter(({ tag }) => tag.digest === digest);
  }

  indexesOf(digest: Digest): ShelvedManifest[] {
    return [...this.manifests.values()].filter(({ manifests }) => manifests.includes(digest));
  }

  /** Takes out what the reference means, and what only that named. */
  remove(reference: Reference): void {
    if (reference.kind === 'tag') {
      const digest = this.tags.get(reference.tag)?.tag.digest;
      this.tags.delete(reference.tag);
      if (digest !== undefined) this.#removeUnnamed(digest);
    } else {
      for (const { tag } of this.tagsOn(reference.digest)) this.tags.delete(tag.tag);
      this.#removeManifest(reference.digest);
    }
  }

  #removeUnnamed(digest: Digest): void {
    const isNamed = this.tagsOn(digest).length + this.indexesOf(digest).length > 0;
    if (!isNamed) this.#removeManifest(digest);
  }

  #removeManifest(digest: Digest): void {
    const found = this.manifests.get(digest);
    this.manifests.delete(digest);
    for (const child of found?.manifests ?? []) this.#removeUnnamed(child);
    for (const blob of this.here) {
      if (this.findBlob(blob) === undefined) this.here.delete(blob);
    }
  }
}

/** Told of each blob that nothing in the cache names any more, and whether its bytes were here. */
export type OnLeaving = (digest: Digest, wasHere: boolean) => void;

export class CacheBook {
  readonly #shelves = new Map<string, Shelf>();
  readonly #onLeaving: OnLeaving;

  constructor(onLeaving: OnLeaving) {
    this.#onLeaving = onLeaving;
  }

  find(upstream: string, image: string): Shelf | undefined {
    return this.#shelves.get(`${upstream} ${image}`);
  }

  ensure(upstream: string, image: string): Shelf {
    const shelf = this.find(upstream, image) ?? new Shelf(upstream, image);
    this.#shelves.set(`${upstream} ${image}`, shelf);
    return shelf;
  }

  /** All shelves of these upstreams, by the names of the images. */
  list(upstreams: readonly string[]): Shelf[] {
    const shelves = [...this.#shelves.values()].filter((shelf) =>
      upstreams.includes(shelf.upstream),
    );
    return shelves.sort((one, other) => (one.image < other.image ? -1 : 1));
  }

  purge({ upstream, image, reference }: Purge): void {
    for (const shelf of this.list([upstream])) {
      if (image !== undefined && shelf.image !== image) continue;
      const before = shelf.listBlobs();
      if (reference) shelf.remove(reference);
      else this.#shelves.delete(`${upstream} ${shelf.image}`);
      for (const [digest, wasHere] of before) {
        if (!this.isNamed(digest)) this.#onLeaving(digest, wasHere);
      }
    }
  }

  clear(): void {
    this.#shelves.clear();
  }

  isNamed(digest: Digest): boolean {
    return [...this.#shelves.values()].some((shelf) => shelf.findBlob(digest) !== undefined);
  }
}

/** What stands for an entry in lists: its tag, or its digest. */
export function referenceOf(entry: { readonly tag?: Tag; readonly digest: Digest }): Reference {
  const { tag, digest } = entry;
  return tag === undefined ? { kind: 'digest', digest } : { kind: 'tag', tag };
}

/** As {@link referenceOf}, in one word. */
export function wordOf(entry: { readonly tag?: Tag; readonly digest: Digest }): string {
  return printReference(referenceOf(entry));
}
