/**
 * PORT: names as a tree — groups, their projects, the repositories in them and their tags — by
 * keyset pages. A *group* is the first level of a name, a *project* its first two; a name of one
 * level is both.
 *
 * Order is by bytes (`COLLATE "C"`). The cost of a page grows with neither the tree nor what is
 * searched: a search looks through a bounded number of names, and a page may hold few of them and
 * still lead on.
 */
import type { Digest } from '../../oci/digest.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

export interface NamePage {
  /** Where the page before ended; it need not exist. From the start where absent. */
  readonly after?: string;
  readonly limit: number;
  /** Only what begins so. */
  readonly prefix?: string;
  /** Only what has this in it; plain text, no pattern. */
  readonly search?: string;
}

/** Which part of the tree: what at least one pattern covers, at or below the path. */
export interface Branch {
  readonly visible: readonly PathPattern[];
  /** Everything where absent. */
  readonly path?: string;
  /** Only the repository of that path itself. */
  readonly isAlone?: boolean;
}

export interface Slice<Item, Key = string> {
  readonly items: readonly Item[];
  /** Behind what the next page begins; absent where nothing is left. */
  readonly next?: Key;
}

export interface Push {
  readonly pushedAt: Date;
  /** Name of the account; '' for an anonymous one. */
  readonly pushedBy: string;
}

/** A repository with the newest push of a tag that it has. */
export interface ImageEntry extends Partial<Push> {
  readonly name: RepositoryName;
}

/** Where a page of tags ended. */
export type TagKey = Pick<TagEntry, 'name' | 'pushedAt'>;

export interface TagPage extends Omit<NamePage, 'after'> {
  readonly after?: TagKey;
  readonly order: 'name' | 'pushed';
  readonly isDescending: boolean;
}

export interface ReferrerEntry {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly sizeBytes: number;
}

export interface TagEntry extends Push {
  readonly name: Tag;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  /** The manifest with all that it names, each content once. */
  readonly sizeBytes: number;
  /** Its bytes, where it is an index of {@link MAX_INDEX_BYTES} at most. */
  readonly index?: Buffer;
  /** The first {@link MAX_REFERRERS} of them, in order of their digest. */
  readonly referrers: readonly ReferrerEntry[];
}

/** What a branch holds, each content once. */
export interface Amounts {
  readonly repositories: number;
  readonly manifests: number;
  readonly blobs: number;
  /** Of the blobs and the manifests. */
  readonly sizeBytes: number;
}

/** So many names a search looks through for one page. */
export const MAX_WALK = 10_000;
export const MAX_REFERRERS = 20;
export const MAX_INDEX_BYTES = 32 * 1024;

export interface NameTree {
  /** First levels of the names in the branch. */
  listGroups(branch: Branch, page: NamePage): Promise<Slice<string>>;

  /** First two levels of the names in the branch, whose path is their group. */
  listProjects(branch: Branch & { readonly path: string }, page: NamePage): Promise<Slice<string>>;

  /** Repositories of the branch; prefix and search speak of their full names. */
  listImages(branch: Branch, page: NamePage): Promise<Slice<ImageEntry>>;

  /** Tags of a repository with what they point to; empty where it is not there. */
  listTags(repository: RepositoryName, page: TagPage): Promise<Slice<TagEntry, TagKey>>;

  /** Reads all that the branch links, so it takes as long as that is much. */
  measure(branch: Branch): Promise<Amounts>;
}
