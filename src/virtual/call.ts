/** What is asked of a virtual registry, and what comes of it: the words of this folder. */
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

/** A question to a virtual registry about one image. */
export interface VirtualCall {
  readonly registry: string;
  readonly image: RepositoryName;
  /**
   * `?ns=` of a client that uses the registry as a mirror; to be left out in all other requests,
   * where it means nothing (V17).
   */
  readonly namespace?: string | undefined;
  /** Only this upstream shall answer: for another site of the cluster, never for a client. */
  readonly upstream?: string | undefined;
  /** Position that this request learned already, if it did. */
  readonly asOf?: number | undefined;
}

/**
 * How an answer came about: from the cache without asking; from the cache since the upstream failed
 * (V6); by asking it.
 */
export type AnswerSource = 'hit' | 'stale' | 'miss';

export interface VirtualReading<T> {
  readonly found: T;
  readonly source: AnswerSource;
  readonly isStale: boolean;
  /** Since it was known to be so at the upstream; absent of what never changes. */
  readonly ageMs?: number;
  /** That it is bound to (V4). */
  readonly upstream: string;
  /** The name space that was asked for and honoured: it stands in `OCI-Namespace` then (V17). */
  readonly namespace?: string;
}

/** What a HEAD tells. */
export interface ManifestWord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/** A blob of an image, with the upstream that it is bound to (V4). */
export interface VirtualBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly upstream: string;
  /** Whether its bytes were proven and kept at this site; of a local upstream always. */
  readonly isHere: boolean;
  /** Whether they were, for any image of that upstream. */
  readonly isGiven: boolean;
  /** As in {@link VirtualReading}. */
  readonly namespace?: string;
}
