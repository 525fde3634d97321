/**
 * PORT: all facts of a site as they stand, in pages by key, for a site whose position the change
 * log has forgotten.
 *
 * A page covers its range of keys, behind `after` up to `through`, completely. Pages are read at
 * different times; whoever takes them all, and then the log from where it stood before the first,
 * has what the primary has, since facts may be written again.
 */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

/** In this order, what a row refers to is there before it. */
export const SNAPSHOT_PARTS = [
  'sites',
  'accounts',
  'tokens',
  'repositories',
  'links',
  'manifests',
  'tags',
] as const;
export type SnapshotPart = (typeof SNAPSHOT_PARTS)[number];

/** One name, or a repository and a name in it. */
export type SnapshotKey = readonly string[];

export interface SnapshotRow {
  readonly key: SnapshotKey;
  /** As the change log writes it down; a repository has no fact of its own. */
  readonly fact?: { readonly kind: string };
}

export interface SnapshotPage {
  readonly part: SnapshotPart;
  /** Absent on the first page. */
  readonly after?: SnapshotKey;
  /** Key of the last row; absent where the page has none, and covers all that might follow. */
  readonly through?: SnapshotKey;
  readonly rows: readonly SnapshotRow[];
}

export interface Snapshot {
  read(part: SnapshotPart, after?: SnapshotKey): Promise<SnapshotPage>;
  /**
   * At a secondary: makes the range of the page what the page says, in one transaction. Rows that
   * it does not list are deleted; a tag whose manifest is not here is passed over.
   */
  replace(page: SnapshotPage): Promise<void>;
}

/** The fact that takes a row away. */
export function removalOf(part: SnapshotPart, [first, second]: SnapshotKey) {
  const repository = first as RepositoryName;
  const digest = second as Digest;
  const actor = '';
  switch (part) {
    case 'sites':
      return { kind: 'site-deleted', name: first! } as const;
    case 'accounts':
      return { kind: 'account-deleted', name: first! } as const;
    case 'tokens':
      return { kind: 'access-token-deleted', id: first! } as const;
    case 'repositories':
      return { kind: 'repository-deleted', repository, actor } as const;
    case 'links':
      return { kind: 'blob-unlinked', repository, digest, actor } as const;
    case 'manifests':
      return { kind: 'manifest-deleted', repository, digest, actor } as const;
    default:
      return { kind: 'tag-deleted', repository, tag: second as Tag, actor } as const;
  }
}
