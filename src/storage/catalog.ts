/**
 * PORT: lists over repositories, by keyset pages; the cost of a page does not grow with the whole.
 * Order is by bytes (`COLLATE "C"`). `after` is exclusive and need not exist.
 */
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { RepositoryName } from '../oci/reference.ts';

export interface Page {
  /** The last item of the page before; from the start where absent. */
  readonly after?: string;
  readonly limit: number;
}

export interface ReferrersPage extends Page {
  /** Only referrers of this artifact type. */
  readonly artifactType?: string;
}

export interface Catalog {
  /** When the repository came to be, or `undefined` where it is not there. */
  findRepository(repository: RepositoryName): Promise<{ readonly createdAt: Date } | undefined>;

  /** Position of its last deletion that is still in the change log, or `undefined`. */
  findDeletion(repository: RepositoryName): Promise<number | undefined>;

  /** Tag names in order; empty also for a repository that is not there. */
  listTags(repository: RepositoryName, page: Page): Promise<string[]>;

  /** Repositories that at least one of the patterns covers, in order. */
  listRepositories(patterns: readonly PathPattern[], page: Page): Promise<RepositoryName[]>;

  /** Descriptors of the manifests whose subject this digest is, in order of their digest. */
  listReferrers(
    repository: RepositoryName,
    subject: Digest,
    page: ReferrersPage,
  ): Promise<Descriptor[]>;

  /** Repositories that link the blob, in order. */
  listHolders(blob: Digest, page: Page): Promise<RepositoryName[]>;
}
