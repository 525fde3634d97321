/**
 * PORT: the facts about one repository — its manifests, tags and blob links.
 *
 * Each changing method is one transaction that also appends its row to the change log, and appends
 * nothing where nothing changed. Throws `NotPrimary` where this site may not write, and
 * `StorageUnavailable` where the store is away.
 */
import type { Annotations } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Actor } from '../oci/events/actor.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** The very bytes that were pushed. */
  readonly content: Buffer;
}

/** A manifest as it is to be recorded: its bytes, and what was read in them. */
export interface ManifestRecord extends StoredManifest {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations: Annotations;
}

export interface ManifestPut {
  readonly repository: RepositoryName;
  readonly manifest: ManifestRecord;
  /** Tags that shall point to it, all or none. */
  readonly tags: readonly Tag[];
  /** Whether a tag that points elsewhere may be moved. */
  readonly mayOverwrite: boolean;
  readonly actor: Actor;
}

export type PutOutcome =
  | { readonly kind: 'recorded' }
  /** Blobs or child manifests that the repository lacks, each once; nothing was written. */
  | { readonly kind: 'missing'; readonly digests: readonly Digest[] }
  /** A tag points elsewhere and may not be moved; nothing was written. */
  | { readonly kind: 'tag-exists'; readonly tag: Tag };

export interface BlobLink {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly actor: Actor;
  /** Where it is mounted from; absent where its bytes were pushed. */
  readonly fromRepository?: RepositoryName;
  /** The removal behind which the caller found the bytes in the store, where it had to look. */
  readonly foundBehind?: string;
}

export interface Metadata {
  /** The manifest with these bytes in this repository, or `undefined`. */
  findManifest(repository: RepositoryName, digest: Digest): Promise<StoredManifest | undefined>;

  /** What the tag points to now, or `undefined`. */
  findTag(repository: RepositoryName, tag: Tag): Promise<Digest | undefined>;

  /** Size of a blob that is linked into this repository, or `undefined`. */
  findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined>;

  /** Records a manifest with its tags; creates the repository. Idempotent. */
  recordManifest(put: ManifestPut): Promise<PutOutcome>;

  /**
   * Links a blob whose bytes the blob store holds; creates the repository. Idempotent. What is
   * linked already counts as pushed anew, for the collection of garbage.
   * @throws BytesRemoved where the caller has to look again whether it holds them
   */
  linkBlob(link: BlobLink): Promise<void>;

  /** @returns whether it was there. The manifest stays. */
  deleteTag(repository: RepositoryName, tag: Tag, actor: Actor): Promise<boolean>;

  /** Deletes the manifest and every tag on it. @returns whether it was there. */
  deleteManifest(repository: RepositoryName, digest: Digest, actor: Actor): Promise<boolean>;

  /** Takes the blob out of this repository alone. @returns whether it was there. */
  unlinkBlob(repository: RepositoryName, digest: Digest, actor: Actor): Promise<boolean>;

  /** Deletes the repository with all that is in it. @returns whether it was there. */
  deleteRepository(repository: RepositoryName, actor: Actor): Promise<boolean>;
}
