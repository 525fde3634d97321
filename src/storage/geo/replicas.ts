/**
 * PORT: which blobs the facts name and this site's blob store was proven to hold. This is the truth
 * that the ledger is rebuilt from.
 */
import type { Digest } from '../../oci/digest.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName } from '../../oci/reference.ts';

export interface WantedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** One of the repositories that link it; the blob is asked for under this name. */
  readonly repository: string;
  /** When this site heard of it first. */
  readonly since: Date;
}

/** How much of what the facts name is proven to be here. From counters, never from a scan. */
export interface ReplicaCounts {
  readonly manifests: number;
  /** Manifests of which every blob, and every child's, is verified here. */
  readonly completeManifests: number;
  readonly blobs: number;
  readonly blobBytes: number;
  readonly verifiedBlobs: number;
  readonly verifiedBytes: number;
}

/** What one manifest, with all that it names, still lacks here. */
export interface Lack {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface Replicas {
  /**
   * Blobs that are linked somewhere and not verified here, by digest, keyset pages.
   * @param selection only those that a repository links which one of these patterns covers; the
   * blob is asked for under its name
   */
  listWanted(page: {
    readonly after?: Digest;
    readonly limit: number;
    readonly selection?: readonly PathPattern[];
  }): Promise<WantedBlob[]>;
  /** Blobs that were verified before that time, those that waited longest first. */
  listVerifiedBefore(time: Date, limit: number): Promise<Digest[]>;
  /**
   * Every byte of the blob was hashed here. Manifests that are complete by it become arrivals in
   * the same transaction (see `Arrivals`). Idempotent.
   * @param foundBehind the removal behind which the bytes were found in the store
   * @throws BytesRemoved where the caller has to look again whether they are here
   */
  recordVerified(digest: Digest, at: Date, foundBehind?: string): Promise<void>;
  /** The bytes are not here, or not right, after all. Idempotent. */
  recordLost(digest: Digest): Promise<void>;
  /** When it was verified here, or `undefined`. */
  findVerified(digest: Digest): Promise<Date | undefined>;
  /**
   * Blobs that the manifest names, itself or through its children, and that are not verified here;
   * `undefined` where the manifest is not known here.
   */
  listLacking(repository: RepositoryName, manifest: Digest): Promise<Lack[] | undefined>;
  readCounts(): Promise<ReplicaCounts>;
}
