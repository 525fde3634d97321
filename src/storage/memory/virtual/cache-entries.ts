/** What is on the shelves, as people see it. */
import type { Digest } from '../../../oci/digest.ts';
import type { CacheEntry, Usage } from '../../virtual/cache.ts';
import { type Shelf, type ShelvedManifest, type Use, wordOf } from './cache-book.ts';

interface Listed {
  readonly entry: CacheEntry;
  /** When it was pulled last; when it came, where it never was. */
  readonly usedAt: Date;
}

/** All entries of a shelf, by tag or digest. */
export function listShelf(shelf: Shelf): Listed[] {
  const tags = [...shelf.tags.values()].flatMap(({ tag, use }) => {
    const found = tag.digest && shelf.manifests.get(tag.digest);
    if (!found) return [];
    const pulls = use.pulls + found.use.pulls;
    const entry = { ...describe(shelf, found), checkedAt: tag.checkedAt, pulls };
    return [toListed({ ...entry, tag: tag.tag }, use)];
  });
  const untagged = [...shelf.manifests.values()].flatMap((found) => {
    const { digest } = found.manifest;
    const isNamed = shelf.tagsOn(digest).length + shelf.indexesOf(digest).length > 0;
    if (isNamed) return [];
    const { checkedAt, use } = found;
    return [toListed({ ...describe(shelf, found), checkedAt, pulls: use.pulls }, use)];
  });
  const all = [...tags, ...untagged];
  return all.sort((one, other) => (wordOf(one.entry) < wordOf(other.entry) ? -1 : 1));
}

/** See `VirtualCache.measure`. */
export function measureShelves(shelves: readonly Shelf[]): Usage {
  const blobs = new Map<Digest, number>();
  let [entries, sizeBytes] = [0, 0];
  for (const shelf of shelves) {
    entries += listShelf(shelf).length;
    for (const { manifest } of shelf.manifests.values()) sizeBytes += manifest.content?.length ?? 0;
    for (const digest of shelf.here) blobs.set(digest, shelf.findBlob(digest)!);
  }
  for (const size of blobs.values()) sizeBytes += size;
  return { entries, sizeBytes };
}

function toListed(entry: Omit<CacheEntry, 'pulledAt'>, { pulledAt, since }: Use): Listed {
  return { entry: pulledAt ? { ...entry, pulledAt } : entry, usedAt: pulledAt ?? since };
}

function describe(shelf: Shelf, { manifest }: ShelvedManifest) {
  const { upstream, image, digest, mediaType } = manifest;
  return { upstream, image, digest, mediaType, sizeBytes: sumUp(shelf, digest) };
}

function sumUp(shelf: Shelf, digest: Digest): number {
  const manifests = listBelow(shelf, digest, new Set());
  const blobs = new Map<Digest, number>();
  let sum = 0;
  for (const one of manifests) {
    const found = shelf.manifests.get(one);
    sum += found?.manifest.content?.length ?? 0;
    for (const blob of found?.blobs ?? []) blobs.set(blob.digest, blob.sizeBytes);
  }
  for (const [blob, size] of blobs) sum += shelf.here.has(blob) ? size : 0;
  return sum;
}

/** The manifest and all below it. */
function listBelow(shelf: Shelf, digest: Digest, seen: Set<Digest>): Set<Digest> {
  if (seen.has(digest)) return seen;
  seen.add(digest);
  for (const child of shelf.manifests.get(digest)?.manifests ?? []) listBelow(shelf, child, seen);
  return seen;
}
