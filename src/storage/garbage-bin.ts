/**
 * PORT: what was collected, for as long as it can be brought back, and what each run did.
 * `GarbageReviews.sift` puts it here.
 */
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

export interface CollectedLink {
  readonly kind: 'link';
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface CollectedManifest {
  readonly kind: 'manifest';
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** What was collected; its last collection counts. */
export type Collected = CollectedLink | CollectedManifest;

/** Which part of the bin. */
export interface BinFilter {
  readonly run?: string;
  readonly repository?: RepositoryName;
}

/** Why something was kept although nobody may need it. */
export interface Doubt {
  readonly repository: string;
  readonly reason: 'unreadable-manifest' | 'missing-child' | 'failure';
  readonly message: string;
}

/** What one run did, or what it would do. */
export interface GarbageRun {
  /** UUID. */
  readonly id: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly isDryRun: boolean;
  /** Whether everything that was due was looked at. */
  readonly isWhole: boolean;
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly freedBytes: number;
  /** How many were found to be in use. */
  readonly living: number;
  /** The first of them. */
  readonly doubts: readonly Doubt[];
  /** What a dry run would take, the first of it. */
  readonly items?: readonly {
    readonly kind: 'manifest' | 'link' | 'blob';
    readonly repository?: string;
    readonly digest: string;
    readonly sizeBytes: number;
  }[];
}

export interface GarbageBin {
  /** In order of repository and digest, behind `after`; links and manifests each by themselves. */
  list<Kind extends Collected['kind']>(
    kind: Kind,
    page: BinFilter & { readonly after?: Collected; readonly limit: number },
  ): Promise<Extract<Collected, { kind: Kind }>[]>;

  find(
    kind: Collected['kind'],
    where: Pick<Collected, 'repository' | 'digest'>,
  ): Promise<Collected | undefined>;

  /** It was brought back. Idempotent. */
  remove(collected: Pick<Collected, 'kind' | 'repository' | 'digest'>): Promise<void>;

  /** What was collected before that time is gone for good. @returns how many */
  deleteBefore(time: Date): Promise<number>;

  /** How many there are. */
  count(): Promise<number>;

  /** Notes what a run did; all but the latest are forgotten. */
  recordRun(run: GarbageRun): Promise<void>;

  findLastRun(): Promise<GarbageRun | undefined>;
}
