/**
 * PORT: bytes by digest, and bytes on their way to it.
 *
 * Bytes arrive in a *staging* that is named by an upload's id, survive a restart, and become a blob
 * in `commit`, which proves the digest. A blob is whole or not there. Throws `StorageFull` where
 * there is no room, `StorageUnavailable` where the store is away.
 */
import type { Readable } from 'node:stream';
import type { Algorithm, Digest } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';

/**
 * A stream that uses the memory of its chunks again. Whoever has done with a chunk may give it
 * back, and never looks at it again; nobody needs to.
 */
export interface RecyclingReadable extends Readable {
  recycle(chunk: Uint8Array): void;
}

export interface Append {
  /** Where these bytes begin. What a staging holds beyond is cut off first. */
  readonly offset: number;
  readonly content: AsyncIterable<Uint8Array>;
  /** The algorithm to hash with on the way, where it is known; sha256 by default. */
  readonly algorithm?: Algorithm;
  /** Whether `openStaging` will be asked while these bytes arrive. */
  readonly isReadAlong?: boolean;
  /** Told once `openStaging` finds the staging, before the first of these bytes is written. */
  readonly onOpen?: () => void;
}

export interface AppendOutcome {
  /** Bytes that the staging holds durably now. */
  readonly offset: number;
  /** What broke the content off, where something did; the bytes before it are kept. */
  readonly interruption?: Error;
}

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly sizeBytes: number }
  /** The bytes have another digest. The staging is gone. */
  | { readonly kind: 'mismatch'; readonly actual: Digest }
  /** There is no staging of that id. */
  | { readonly kind: 'unknown' };

/** Where a blob can be read without this program. */
export type Whereabouts =
  /** By a client, for a while. */
  | { readonly kind: 'url'; readonly url: URL }
  /** By a server beside us that has our folder of blobs: the path below that. */
  | { readonly kind: 'file'; readonly path: string };

export interface BlobStore {
  /** The least size of a chunk that is not the last, where the store needs one (checklist 65). */
  readonly chunkMinBytes?: number;

  /** Whether `openStaging` also gives a staging that another process of the site writes. */
  readonly followsOthers?: boolean;

  /** Size of a blob, or `undefined` where it is not there. */
  find(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined>;

  /**
   * The bytes, or those of one range (inside the blob); `undefined` where it is not there. May be a
   * {@link RecyclingReadable}.
   */
  open(digest: Digest, range?: ByteRange): Promise<Readable | undefined>;

  /** Where others may read the blob themselves; `undefined` where it is not there or none can. */
  locate(digest: Digest): Promise<Whereabouts | undefined>;

  /**
   * Puts bytes behind `offset`; creates the staging at offset 0. Never throws for a broken content.
   */
  append(staging: string, append: Append): Promise<AppendOutcome>;

  /**
   * Bytes of a staging, also while it grows; for those that were announced by `isReadAlong`, in
   * this process or, with `followsOthers`, in any. Goes on where the staging becomes a blob, and
   * breaks where it goes. `undefined` where it is not here.
   */
  openStaging(staging: string, range: ByteRange): Promise<Readable | undefined>;

  /** Proves the digest over every byte and makes the staging a blob. Two at once both succeed. */
  commit(staging: string, digest: Digest): Promise<CommitOutcome>;

  /** Takes a staging away. Idempotent. */
  discard(staging: string): Promise<void>;

  /** Takes a blob away. Idempotent. */
  delete(digest: Digest): Promise<void>;

  /** Blobs in some stable order, behind `after`. */
  list(page: { readonly after?: Digest; readonly limit: number }): Promise<Digest[]>;

  /** Stagings nobody wrote to since `before`, for upkeep. */
  listStagings(before: Date): Promise<string[]>;
}
