/**
 * PORT: changes that concern several names, or several things under one: what is copied, gets
 * another name, or goes with all that lies below it.
 *
 * Each is one transaction, with facts in the change log that need nothing else to be understood: a
 * copy and a move are told as links, manifests and tags under the new name, and what goes as
 * repositories that are deleted. No bytes move. Throws `NotPrimary`, `NameLeased` where another
 * account leased a name, and `ChangeRefused` where a policy forbids it.
 */
import type { Digest } from '../../oci/digest.ts';
import type { Actor } from '../../oci/events/actor.ts';
import type { Reference, RepositoryName, Tag } from '../../oci/reference.ts';

export interface ImageCopy {
  readonly from: RepositoryName;
  readonly reference: Reference;
  readonly to: RepositoryName;
  /** What shall point to it there. */
  readonly tag: Tag;
  /** Whether what refers to it, or to what it names, comes along. */
  readonly withReferrers: boolean;
  /** Whether a tag that points elsewhere may be moved. */
  readonly mayOverwrite: boolean;
  readonly actor: Actor;
}

export type CopyOutcome =
  /** Counts say what was new there. */
  | {
      readonly kind: 'copied';
      readonly digest: Digest;
      readonly manifests: number;
      readonly blobs: number;
    }
  /** There is no such image; nothing was written, as below. */
  | { readonly kind: 'unknown' }
  /** It names what its repository lacks. */
  | { readonly kind: 'missing'; readonly digests: readonly Digest[] }
  | { readonly kind: 'tag-exists' }
  | { readonly kind: 'too-many'; readonly most: number };

export interface TreeDeletion {
  /** What lies at or below it goes. */
  readonly path: RepositoryName;
  readonly actor: Actor;
  /** Asked of each repository; one that may not go keeps all of them. */
  readonly mayDelete: (repository: RepositoryName) => boolean;
  /** Nothing goes: the outcome says what would. */
  readonly isDryRun: boolean;
}

export type DeletionOutcome =
  | { readonly kind: 'deleted'; readonly repositories: readonly RepositoryName[] }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'too-many'; readonly most: number };

export interface TreeMove {
  readonly from: RepositoryName;
  /** Stands for `from` in each name. Neither lies in the other where more than one is moved. */
  readonly to: RepositoryName;
  /** The repository of that name alone, and not what lies below it. */
  readonly isAlone: boolean;
  readonly actor: Actor;
  /** Asked of each repository; one that may not be moved holds all of them. */
  readonly mayMove: (move: NameMove) => boolean;
}

export interface NameMove {
  readonly from: RepositoryName;
  readonly to: RepositoryName;
}

export type MoveOutcome =
  /** In the order of the old names. */
  | { readonly kind: 'moved'; readonly names: readonly NameMove[] }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'denied' }
  /** These are there already, or are no names of repositories. */
  | { readonly kind: 'conflict'; readonly names: readonly string[] }
  | { readonly kind: 'too-many'; readonly most: Readonly<Record<string, number>> };

/** An image that is copied has at most so many manifests, referrers included. */
export const MAX_COPIED = 1000;

/** So many repositories go at once. */
export const MAX_DELETED = 10_000;

/** So many repositories get another name at once, with so many manifests in all. */
export const MAX_MOVED = { repositories: 1000, manifests: 20_000 } as const;

export interface TreeChanges {
  copy(copy: ImageCopy): Promise<CopyOutcome>;

  /** Deletes every repository at or below the path with all that is in it. */
  delete(deletion: TreeDeletion): Promise<DeletionOutcome>;

  /** Gives all of them their new names, or none. Tags keep when and by whom they were pushed. */
  move(move: TreeMove): Promise<MoveOutcome>;

  /**
   * Says what `move` would do, and leases both paths until then: nobody writes to what lies at or
   * below them, but for moves and deletions of trees by this account. It takes the place of leases
   * of the same account.
   */
  lease(move: TreeMove, until: Date): Promise<MoveOutcome>;
}
