/**
 * PORT: what may be garbage, looked at again later, and taking it away.
 *
 * Whatever may leave something unused behind puts a *review* into a queue, in the transaction of
 * the fact. A review says nothing but "look again": what is in use is found then, under the locks
 * that a push takes. Bytes go in two steps, since no transaction spans the blob store: they are
 * *claimed*, after which nobody can link them, then deleted, and only then given free. What was
 * claimed once stays marked, so that whoever believes that the bytes are here looks again (see
 * `BytesRemoved`).
 */
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

/** A manifest without a tag, or a link that no manifest uses. */
export interface Review {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

export type ReviewKind = 'manifest' | 'link';

/** A manifest as it is stored. */
export interface Content {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** Some of what is due in one repository, and what shall become of that which nobody needs. */
export interface Sifting {
  readonly kind: ReviewKind;
  readonly repository: RepositoryName;
  readonly digests: readonly Digest[];
  /** `leave` looks at it again later, `show` changes nothing. */
  readonly verdict: 'collect' | 'leave' | 'show';
  /** Id of the run, under which it can be brought back. */
  readonly run: string;
  readonly at: Date;
}

export interface Garbage {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface Sifted {
  readonly garbage: readonly Garbage[];
  /** How many are in use; they have left the queue unless nothing was to be changed. */
  readonly living: number;
}

export interface BlobClaim {
  /** Unlike every other. */
  readonly id: string;
  readonly at: Date;
  /** What was not linked since then. */
  readonly before: Date;
  /** A claim that is older was left behind by a process that died. */
  readonly staleBefore: Date;
  readonly limit: number;
}

export interface QueueLength {
  readonly waiting: number;
  readonly due: number;
}

export interface GarbageReviews {
  /** What was queued before that time, the oldest first. */
  listDue(
    kind: ReviewKind,
    page: { readonly before: Date; readonly limit: number },
  ): Promise<Review[]>;

  /** Manifests of the repository with their bytes, in order of their digest. */
  listContents(
    repository: RepositoryName,
    page: { readonly after?: Digest; readonly limit: number },
  ): Promise<Content[]>;

  /**
   * Looks at what is due, while no push to the repository runs. A link is in use while a manifest
   * of its repository names the blob; a manifest while a tag points to it, an index names it, or
   * its subject is there. What is collected goes with a fact in the log and a copy in the bin, in
   * the same transaction. Passes over what another process looks at.
   * @throws NotPrimary where something is to be collected and this is not the primary
   */
  sift(sifting: Sifting): Promise<Sifted>;

  /** Blobs that nothing names and that can be claimed, the oldest first; changes nothing. */
  listUnlinked(page: {
    readonly before: Date;
    readonly staleBefore: Date;
    readonly limit: number;
  }): Promise<Garbage[]>;

  /**
   * Claims such blobs: until they are settled nobody can link or verify them. What a repository
   * links or the cache of an upstream names leaves the queue, and is back when neither does; what
   * another process looks at is passed over.
   */
  claimBlobs(claim: BlobClaim): Promise<Garbage[]>;

  /**
   * Ends a claim. What is `gone` leaves the queue, what is `left` is looked at again later; of both
   * is remembered that their bytes may be gone. Passes over what another claim has by now.
   */
  settleBlobs(
    claim: string,
    outcome: {
      readonly gone: readonly Digest[];
      readonly left: readonly Digest[];
      readonly at: Date;
    },
  ): Promise<void>;

  /** The blob store holds these: queues a review of each that nothing names. Idempotent. */
  noteFound(digests: readonly Digest[], at: Date): Promise<void>;

  /** Forgets that bytes were removed before that time. @returns of how many */
  forgetRemovals(before: Date): Promise<number>;

  /** How much waits for a review, and how much of that is older. */
  measure(before: {
    readonly review: Date;
    readonly removal: Date;
  }): Promise<Readonly<Record<ReviewKind | 'blob', QueueLength>>>;
}
