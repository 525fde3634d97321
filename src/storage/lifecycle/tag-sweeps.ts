/** PORT: takes away the tags of one repository that its retentions need not keep. */
import type { Digest } from '../../oci/digest.ts';
import type { AgeBasis } from '../../oci/lifecycle/retention.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

export interface TagSweep extends AgeBasis {
  readonly repository: RepositoryName;
  /** At most so many at once. */
  readonly limit: number;
  /** Only says what would go, all of it. */
  readonly isDryRun: boolean;
  /** In whose name they go. */
  readonly actor: string;
}

export interface SweptTag {
  readonly tag: Tag;
  readonly digest: Digest;
}

export interface Swept {
  /** By name. */
  readonly tags: readonly SweptTag[];
  /** False where there is more. */
  readonly isWhole: boolean;
}

export interface TagSweeps {
  /**
   * Decides and deletes in one transaction, under the lock that a push takes: so a tag that is
   * pushed, pulled or protected in that moment is either seen or not there yet. Each goes as a
   * change of the log; its manifest stays. Throws `NotPrimary`, but for a dry run.
   */
  sweep(sweep: TagSweep): Promise<Swept>;
}
