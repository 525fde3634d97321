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

/** A tag with what it names. */
export interface TaggedManifest {
  readonly tag: CachedTag;
  /** Absent where the upstream had no such tag. */
  readonly manifest?: CachedManifest;
}

/** A blob that a cached manifest of the image names. */
export interface CachedBlob extends NamedContent {
  readonly sizeBytes: number;
  /** Whether the upstream gave its bytes for this image, and they were proven and kept here. */
  readonly isHere: boolean;
  /** Whether it did so for any image. */
  readonly isGiven: boolean;
}

export interface ManifestEntry {
  readonly manifest: CachedManifest;
  /** Tag under which it was asked for, where it was by tag. */
  readonly tag?: Tag;
  readonly checkedAt: Date;
  /** What it names, each once: blobs, and manifests where it is an index. Foreign ones left out. */
  readonly blobs: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
  readonly manifests: readonly Digest[];
}

/** Pulls to be counted together: what was read, and how. */
export interface Pull extends NamedContent {
  readonly tag?: Tag;
  /** Of the last one. */
  readonly at: Date;
  /** How many; one where absent. */
  readonly times?: number;
}

/**
 * One image of an upstream in the cache, for people: a tag, or a manifest that neither a tag nor a
 * cached index names.
 */
export interface CacheEntry {
  readonly upstream: string;
  readonly image: RepositoryName;
  readonly tag?: Tag;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the manifest and all that it names, itself or through an index, as far as it is here. */
  readonly sizeBytes: number;
  readonly checkedAt: Date;
  /** By this tag, and by the manifest's own digest. */
  readonly pulls: number;
  /** When it was pulled last, or what an index in it names. */
  readonly pulledAt?: Date;
}

export interface Usage {
  readonly entries: number;
  /** Of manifests, and of blobs that are here, each once. */
  readonly sizeBytes: number;
}

export interface VirtualCache {
  /** What is known of the tag at these upstreams, in no order. */
  findTags(upstreams: readonly string[], image: RepositoryName, tag: Tag): Promise<CachedTag[]>;

  /** As `findTags`, each with the manifest that it names: one question for all of an answer. */
  findTagged(
    upstreams: readonly string[],
    image: RepositoryName,
    tag: Tag,
  ): Promise<TaggedManifest[]>;

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

  /** Upstreams among these that an index is cached from that names this manifest, or it itself. */
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

  /**
   * Notes what a tag is now, or that there is none. Writes nothing where its manifest is not known
   * here any more, or the upstream is not configured.
   */
  recordTag(tag: CachedTag): Promise<void>;

  /**
   * Keeps for long, a year at least, that these upstreams had no such tag, as far as it is noted:
   * the answer of an upstream below them rests on it (V5, A35). What nobody has is kept a minute.
   */
  keepAbsent(upstreams: readonly string[], image: RepositoryName, tag: Tag): Promise<void>;

  /**
   * Notes that this upstream gave the bytes of a blob for this image, and that they are here.
   * Whoever else names the digest has to be given them by its own upstream first: else an upstream
   * that names a private blob of another one could have it read out here (V18, A33).
   */
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

  /**
   * Entries of these upstreams that nobody pulled since, the longest ago first; what was never
   * pulled counts from when it came. Who deletes them asks again for the next ones.
   */
  listUnused(
    upstreams: readonly string[],
    page: { readonly before: Date; readonly limit: number },
  ): Promise<CacheEntry[]>;

  /**
   * Takes one entry out at this site alone, with what only it named: a tag, and its manifest where
   * nothing else names that; or a manifest, and all tags that name it. Idempotent.
   */
  deleteEntry(entry: Pick<CacheEntry, 'upstream' | 'image' | 'tag' | 'digest'>): Promise<void>;

  /** Whether any entry names the digest: its bytes are to stay. */
  isNamed(digest: Digest): Promise<boolean>;
}
