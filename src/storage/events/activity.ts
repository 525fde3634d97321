/**
 * PORT: the activity feed — who pushed, deleted and moved what, and when, by keyset pages.
 *
 * What happened is noted by the transaction that appends it to the change log, at the primary and
 * at each site that applies it. So it is the same everywhere, there is none without its change, and
 * it outlives the rows of the log. The cost of a page grows with neither the feed nor what is
 * filtered: a page looks through a bounded number of entries, and may hold few and still lead on.
 */
import type { Digest } from '../../oci/digest.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

export const ACTIVITY_ACTIONS = ['push', 'delete', 'move'] as const;
export type ActivityAction = (typeof ACTIVITY_ACTIONS)[number];

export interface Activity {
  /** Grows with the position of the change that says it. */
  readonly id: number;
  /** By the primary's clock, in milliseconds. */
  readonly at: Date;
  readonly action: ActivityAction;
  readonly repository: RepositoryName;
  /** The tags that came to point to the manifest, or the one that was deleted. */
  readonly tags: readonly Tag[];
  /** The manifest; absent where a tag, or the whole repository, was deleted. */
  readonly digest?: Digest;
  /** Of what was pushed. */
  readonly mediaType?: string;
  /** Of a move, which is told of both names: the other one. */
  readonly movedTo?: RepositoryName;
  readonly movedFrom?: RepositoryName;
  /** Name of the account; '' for an anonymous one. */
  readonly actor: string;
}

/** Where a page ended. */
export type ActivityKey = Pick<Activity, 'at' | 'id'>;

export interface ActivityPage {
  /** From the newest on where absent. */
  readonly after?: ActivityKey;
  readonly limit: number;
  /** Only repositories that one of these covers. */
  readonly visible: readonly PathPattern[];
  /** Only what happened at or below it; everywhere where absent. */
  readonly path?: string;
  readonly action?: ActivityAction;
  readonly actor?: string;
  /** From then on, and before then. */
  readonly since?: Date;
  readonly until?: Date;
}

export interface ActivitySlice {
  /** The newest first. */
  readonly items: readonly Activity[];
  /** Behind what the next page begins; absent where nothing is left. */
  readonly next?: ActivityKey;
}

/** So many entries are looked through for one page. */
export const MAX_ACTIVITY_WALK = 10_000;

export interface ActivityFeed {
  list(page: ActivityPage): Promise<ActivitySlice>;

  /** Forgets what happened before that time, a page of it. @returns how many */
  deleteBefore(time: Date): Promise<number>;
}
