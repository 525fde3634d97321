/**
 * PORT: which blobs the facts name and this site's blob store was proven to hold. This is the truth
 * that the ledger is rebuilt from.
 */
import type { Digest } from '../oci/digest.ts';

export interface WantedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** One of the repositories that link it; the blob is asked for under this name. */
  readonly repository: string;
}

export interface Replicas {
  /** Blobs that are linked somewhere and not verified here, by digest, keyset pages. */
  listWanted(page: { readonly after?: Digest; readonly limit: number }): Promise<WantedBlob[]>;
  /** Every byte of the blob was hashed here. Idempotent. */
  recordVerified(digest: Digest, at: Date): Promise<void>;
  /** The bytes are not here, or not right, after all. Idempotent. */
  recordLost(digest: Digest): Promise<void>;
  /** When it was verified here, or `undefined`. */
  findVerified(digest: Digest): Promise<Date | undefined>;
}
