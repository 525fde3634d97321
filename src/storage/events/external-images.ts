/**
 * PORT: images of external registries, as these told of them, and the queue of those that are to be
 * copied here. What is waiting stays so until it is settled, whatever is killed meanwhile.
 */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

/**
 * - `recorded`: nothing is copied, since that registry is no source
 * - `waiting`: it is copied as soon as its time has come
 * - `failed`: it was given up; it is tried again only where somebody says so
 * - `superseded`: what the tag came to point to later is copied in its place
 */
export const EXTERNAL_STATES = ['recorded', 'waiting', 'copied', 'failed', 'superseded'] as const;
export type ExternalState = (typeof EXTERNAL_STATES)[number];

/** Where it is copied from and to. */
export interface CopyOrder {
  /** Name of the upstream. */
  readonly upstream: string;
  /** The image as that upstream names it. */
  readonly image: RepositoryName;
  /** The repository of ours. */
  readonly copiedAs: RepositoryName;
}

export interface ToldImage {
  readonly eventId: string;
  /** Host of the registry, with its port where that is not the usual one. */
  readonly source: string;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly tag?: Tag;
  readonly mediaType: string;
  /** Of the manifest, where it was told. */
  readonly sizeBytes?: number;
  /** Who pushed it there; '' where that was not told. */
  readonly actor: string;
  /** By the clock of that registry, and not after it was received. */
  readonly pushedAt: Date;
  readonly receivedAt: Date;
}

export interface ExternalImage extends ToldImage, Partial<CopyOrder> {
  /** Grows. */
  readonly id: number;
  readonly state: ExternalState;
  /** How often it was tried since it was told, or ordered again. */
  readonly attempts: number;
  /** When it was told, or ordered again. */
  readonly queuedAt: Date;
  readonly triedAt?: Date;
  /** Absent where it may be tried at once. */
  readonly nextTryAt?: Date;
  /** What came of the last try, in one sentence. */
  readonly message?: string;
}

/** One that is to be copied. */
export type WaitingImage = ExternalImage & CopyOrder;

/** What came of a try. */
export type CopySettlement = { readonly at: Date; readonly message: string } & (
  | { readonly state: 'copied' | 'failed' | 'superseded' }
  | { readonly state: 'waiting'; readonly nextTryAt: Date }
);

export interface ExternalPage {
  readonly state?: ExternalState;
  readonly limit: number;
  /** Id of the image behind which the page begins. */
  readonly after?: number;
}

export interface ExternalImages {
  /**
   * All or none; an event of a source that is known already is passed over. Of the waiting images
   * of one tag the one that was pushed last stays, the others are superseded. Wakes who watches.
   * @returns how many were new, and how many of those are to be copied
   */
  record(
    told: readonly { readonly image: ToldImage; readonly order?: CopyOrder | undefined }[],
  ): Promise<{ readonly recorded: number; readonly queued: number }>;

  find(id: number): Promise<ExternalImage | undefined>;

  /** The newest first. */
  list(page: ExternalPage): Promise<ExternalImage[]>;

  /** What waits, in the order of their times; also what has to wait yet. */
  listNext(limit: number): Promise<WaitingImage[]>;

  /** Notes a try. One that waits no longer stays as it is. */
  settle(id: number, settlement: CopySettlement): Promise<void>;

  /** Lets one that failed, or each of them, wait as if it were new. Wakes. @returns how many */
  retry(at: Date, id?: number): Promise<number>;

  /** Forgets what was told before that time and does not wait, a page. @returns how many */
  deleteBefore(time: Date): Promise<number>;

  /** Calls the listener soon after something is to be copied; gives the way to stop it. */
  watch(listener: () => void): () => void;
}
