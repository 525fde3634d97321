/**
 * PORT: what this site has cached of upstreams. No fact of the log: each site fills its own.
 *
 * Everything is kept by upstream and image, never by digest alone, so that content of one upstream
 * is never given out as another's (V4, V18). Bytes of blobs lie in the blob store; an entry here is
 * what keeps them there.
 */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

/** One content of an image at an upstream, by what names it. */
export interface NamedContent {
  readonly upstream: string;
  readonly image: RepositoryName;
  readonly digest: Digest;
}

/** What a tag of an image was at its upstream when it was checked last. */
export interface CachedTag {
  readonly upstream: string;
  readonly image: RepositoryName;
  readonly tag: Tag;
  /** `undefined`: the upstream had no such tag (V7). */
  readonly digest: Digest | undefined;
  readonly checkedAt: Date;
}

/** A manifest as far as it is known. */
export interface CachedManifest extends NamedContent {
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Proven; absent where only the upstream's word for it is here, from a HEAD (V10). */
  readonly content?: Buffer;
}

/** A blob that a cached manifest of the image names. */
export interface CachedBlob extends NamedContent {
  readonly sizeBytes: number;
  /** Whether its bytes were proven and kept here. */
  readonly isHere: boolean;
}

export interface ManifestEntry {
  readonly manifest: CachedManifest;
  /** Tag under which it was asked for, where it was by tag. */
  readonly tag?: Tag;
  readonly checkedAt: Date;
  /** What it names, each once: blobs, and manifests where it is an index. Foreign ones left out. */
  readonly blobs: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
  readonly manifests: readonly {
    readonly digest: Digest;
    readonly mediaType: string;
    readonly sizeBytes: number;
  }[];
  readonly subject?: Digest;
}

/** A pull to be counted: what was read, and how. */
export interface Pull extends NamedContent {
  readonly tag?: Tag;
  readonly at: Date;
}

/** One image of an upstream in the cache, for people: a tag, or a manifest that no tag names. */
export interface CacheEntry {
  readonly upstream: string;
  readonly image: RepositoryName;
  readonly tag?: Tag;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the manifest and of all blobs that it names and that are here. */
  readonly sizeBytes: number;
  readonly checkedAt: Date;
  readonly pulls: number;
  readonly pulledAt?: Date;
}

export interface Usage {
  readonly entries: number;
  /** Each blob once. */
  readonly sizeBytes: number;
}

export interface VirtualCache {
  /** What is known of the tag at these upstreams, in no order. */
  findTags(upstreams: readonly string[], image: RepositoryName, tag: Tag): Promise<CachedTag[]>;

  /** The manifest of that digest at each of these upstreams that is known to have it. */
  findManifests(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<CachedManifest[]>;

  /** The blob at each of these upstreams of which a cached manifest of the image names it. */
  findBlobs(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<CachedBlob[]>;

  /** Upstreams among these that a manifest is cached from that names this one, or is it. */
  findBinding(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<string[]>;

  /**
   * Writes the manifest, what it names, and the tag. Idempotent; proven content is never replaced
   * by a mere word of it. Writes nothing where the upstream is not configured any more.
   */
  recordManifest(entry: ManifestEntry): Promise<void>;

  /** Notes what a tag is now, or that there is none. */
  recordTag(tag: CachedTag): Promise<void>;

  /** Notes that the bytes of a blob are here, for every image and upstream that names it so. */
  recordBlob(blob: NamedContent): Promise<void>;

  /** Counts pulls, several at once. What is not there any more is passed over. */
  recordPulls(pulls: readonly Pull[]): Promise<void>;

  /** Entries of an upstream, by image and tag or digest; keyset pages. */
  listEntries(page: {
    readonly upstream: string;
    readonly prefix?: string;
    readonly after?: { readonly image: string; readonly reference: string };
    readonly limit: number;
  }): Promise<CacheEntry[]>;

  /** Of everything that is cached of these upstreams. */
  measure(upstreams: readonly string[]): Promise<Usage>;

  /** Entries of these upstreams by when they were pulled last, the longest ago first. */
  listUnused(
    upstreams: readonly string[],
    page: { readonly before: Date; readonly limit: number },
  ): Promise<CacheEntry[]>;

  /** Takes one entry out at this site alone, with what only it named. Idempotent. */
  deleteEntry(entry: Pick<CacheEntry, 'upstream' | 'image' | 'tag' | 'digest'>): Promise<void>;

  /** Whether any entry names the digest: its bytes are to stay. */
  isNamed(digest: Digest): Promise<boolean>;
}
