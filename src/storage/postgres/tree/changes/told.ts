/** What a change comes to, and what the log is told of it. */
import type { RepositoryName } from '../../../../oci/reference.ts';
import type { Fact } from '../../../change-log.ts';

export interface Told<Outcome> {
  readonly outcome: Outcome;
  /** In their order. */
  readonly told: readonly Telling[];
}

export interface Telling {
  readonly facts: readonly Fact[];
  /** Where the blobs that they link were linked before. */
  readonly fromRepository?: RepositoryName;
}
