/** Words of the API about sites, as its OpenAPI document has them. */

export interface Extent {
  readonly total: number;
  readonly verified: number;
  readonly wanted: number;
  readonly failed: number;
  /** `null` where there is nothing at all. */
  readonly percent: number | null;
}

export interface SiteStatus {
  readonly site: string;
  readonly role: 'primary' | 'secondary';
  readonly epoch: number;
  readonly version: string;
  readonly appliedPosition: number;
  readonly appliedAt: string | null;
  readonly lagSeconds: number | null;
  readonly manifests: Extent;
  readonly blobs: Extent;
  readonly bytesBehind: number;
  readonly oldestUnreplicatedSeconds: number | null;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  readonly lanes: { readonly demand: number; readonly fresh: number; readonly backfill: number };
  readonly transferring: number;
  readonly isPaused: boolean;
  readonly sync: readonly string[];
  readonly isHealthy: boolean;
  readonly health: string;
  readonly heardSecondsAgo: number;
}

export interface Site {
  readonly name: string;
  readonly url: string;
  readonly place?: { readonly latitude: number; readonly longitude: number };
  /** Absent words: it has said nothing of itself yet. */
  readonly status: SiteStatus | null;
}

export interface SiteList {
  readonly sites: readonly Site[];
}

export type Health = 'well' | 'ill' | 'paused' | 'unknown';

export function healthOf({ status }: Site): Health {
  if (!status) return 'unknown';
  if (!status.isHealthy) return 'ill';
  return status.isPaused ? 'paused' : 'well';
}
