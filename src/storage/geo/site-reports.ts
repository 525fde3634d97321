/**
 * PORT: what each site last said of itself, as the primary keeps it. No fact of the change log: it
 * changes every second, and is worth nothing tomorrow.
 */
import type { PathPattern } from '../../oci/path-pattern.ts';

/** How far one kind of thing is. `percent` is 100 or less, and null where there is nothing. */
export interface Extent {
  readonly total: number;
  /** Of these, proven to be here, every byte of them. */
  readonly verified: number;
  readonly wanted: number;
  readonly failed: number;
  readonly percent: number | null;
}

export interface SiteFigures {
  readonly site: string;
  readonly role: 'primary' | 'secondary';
  readonly epoch: number;
  readonly version: string;
  /** Position up to which this site has applied the change log. */
  readonly appliedPosition: number;
  /** When the change there was committed, by the primary's clock, ISO 8601. */
  readonly appliedAt: string | null;
  /** Age of the watermark: nothing that is older than this is missing here. Null where unknown. */
  readonly lagSeconds: number | null;
  readonly manifests: Extent;
  readonly blobs: Extent;
  /** Bytes of wanted blobs that are not here yet. */
  readonly bytesBehind: number;
  /** Age of the oldest fact whose blobs are not all here; null where none waits. */
  readonly oldestUnreplicatedSeconds: number | null;
  /** Bytes per second over the last half minute. */
  readonly bytesPerSecond: number;
  /** Null where nothing moves, 0 where nothing is left. */
  readonly secondsLeft: number | null;
  readonly lanes: Readonly<Record<'demand' | 'fresh' | 'backfill', number>>;
  readonly transferring: number;
  readonly isPaused: boolean;
  /** Whose blobs it copies: the repositories that one of these covers. */
  readonly sync: readonly PathPattern[];
  /**
   * Age of the moment up to which the primary was told of all pulls there. Absent where it was told
   * of none yet, and of a site that runs an older program.
   */
  readonly pullsToldSecondsAgo?: number;
  readonly isHealthy: boolean;
  /** One sentence for people: what is wrong, or that nothing is. */
  readonly health: string;
}

export interface SiteReport {
  readonly site: string;
  /** When the primary heard it, by its own clock. */
  readonly heardAt: Date;
  readonly figures: SiteFigures;
}

/** No report is on its way for longer; a site that went back to a backup is heard after that. */
export const OVERTAKING_MS = 10_000;

export interface SiteReports {
  /**
   * Replaces what the site said before. Wakes those who watch. Of several reports that are on their
   * way at once one may overtake another: figures of a lower position than those that were heard
   * less than `OVERTAKING_MS` ago are passed over.
   */
  record(report: SiteReport): Promise<void>;
  find(site: string): Promise<SiteReport | undefined>;
  list(): Promise<SiteReport[]>;
  /** Idempotent. */
  delete(site: string): Promise<void>;
  /** Calls the listener soon after a report was recorded; gives the way to stop it. */
  watch(listener: () => void): () => void;
}
