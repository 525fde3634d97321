/** From what a site counts to what it says of itself. Pure: no clock, no I/O. */
import { EVERYTHING, type PathPattern } from '../../oci/path-pattern.ts';
import type { LogHead } from '../../storage/change-log.ts';
import type { LedgerEntry, LedgerStatus } from '../../storage/geo/ledger.ts';
import type { ReplicaCounts } from '../../storage/geo/replicas.ts';
import type { Extent, SiteFigures } from '../../storage/geo/site-reports.ts';
import { judgeHealth } from './health.ts';
import type { PaceFigures } from './paces.ts';

/** Everything that was read of a site at one moment. */
export interface SiteState extends PaceFigures {
  readonly site: string;
  readonly version: string;
  readonly role: 'primary' | 'secondary';
  readonly epoch: number;
  readonly isPaused: boolean;
  readonly head: LogHead;
  /** When the change at the head was committed, by the primary's clock. */
  readonly appliedAt?: Date;
  readonly counts: ReplicaCounts;
  readonly ledger: LedgerStatus;
  /** Whether the ledger knows of all that is wanted. */
  readonly isLedgerFilled: boolean;
  /** Whether it says nothing at all. */
  readonly isLedgerAway: boolean;
  /** Patterns of the repositories whose blobs are copied here. */
  readonly sync: readonly PathPattern[];
  /** Some of the entries that failed last. */
  readonly failures: readonly Pick<LedgerEntry, 'reason'>[];
  readonly now: Date;
}

export function computeFigures(state: SiteState): SiteFigures {
  const { site, role, epoch, version, head, appliedAt, ledger, isPaused } = state;
  const blobs = measureBlobs(state);
  const bytesBehind = measureBytesBehind(state);
  // What comes to a primary is pushed, not replicated.
  const bytesPerSecond = role === 'primary' ? 0 : state.bytesPerSecond;
  const figures = {
    site,
    role,
    epoch,
    version,
    appliedPosition: head.position,
    appliedAt: appliedAt?.toISOString() ?? null,
    lagSeconds: head.ageMs === undefined ? null : round(head.ageMs / 1000),
    manifests: measureManifests(state, blobs),
    blobs,
    bytesBehind,
    oldestUnreplicatedSeconds: measureOldest(state),
    bytesPerSecond: Math.round(bytesPerSecond),
    secondsLeft: estimate(bytesBehind, blobs, state.bytesGainedPerSecond),
    lanes: ledger.objects,
    transferring: ledger.transferring,
    isPaused,
    sync: state.sync,
  };
  return { ...figures, ...judgeHealth(figures, state) };
}

/**
 * A site that copies all wants what its facts name and lacks, and they say so in one moment. One
 * that copies a part has to ask its ledger, which knows nothing until it is filled.
 */
function isSaidByFacts({ sync, isLedgerFilled }: SiteState): boolean {
  return sync.some((pattern) => pattern === EVERYTHING) || !isLedgerFilled;
}

/**
 * What a primary names was pushed to it and hashed on its way in. What a site that copies a part
 * neither has nor wants does not count there.
 */
function measureBlobs(state: SiteState): Extent {
  const { role, counts, ledger } = state;
  const { blobs: total, verifiedBlobs: verified } = counts;
  if (role === 'primary') return extent({ total, verified: total, wanted: 0, failed: 0 });
  const { failed } = ledger;
  if (isSaidByFacts(state)) return extent({ total, verified, wanted: total - verified, failed });
  const { demand, fresh, backfill } = ledger.objects;
  const wanted = demand + fresh + backfill;
  return extent({ total: verified + wanted, verified, wanted, failed });
}

/**
 * Manifests come in the feed: what lacks is blobs of theirs, and only transfers fail. A site that
 * copies a part counts all that lack something, until none of what it wants does.
 */
function measureManifests(state: SiteState, blobs: Extent): Extent {
  const { manifests, completeManifests } = state.counts;
  const verified = state.role === 'primary' ? manifests : completeManifests;
  const total = isSaidByFacts(state) || blobs.wanted > 0 ? manifests : verified;
  return extent({ total, verified, wanted: total - verified, failed: 0 });
}

function measureBytesBehind(state: SiteState): number {
  const { role, counts, ledger } = state;
  if (role === 'primary') return 0;
  const { blobBytes, verifiedBytes } = counts;
  const bytes = isSaidByFacts(state) ? blobBytes - verifiedBytes : ledger.bytes;
  return Math.max(bytes - ledger.bytesStaged, 0);
}

function measureOldest({ ledger: { oldestSince }, now }: SiteState): number | null {
  if (!oldestSince) return null;
  // Two clocks: a fact may be younger than now by the one and older by the other.
  return round(Math.max(now.getTime() - oldestSince.getTime(), 0) / 1000);
}

/** Rounded down, so that 100 says that nothing lacks. */
function extent(counted: Omit<Extent, 'percent'>): Extent {
  const { total, verified } = counted;
  const percent = total === 0 ? null : Math.floor((verified / total) * 1000) / 10;
  return { ...counted, percent };
}

/** What becomes wanted meanwhile has to come too, and is in what is gained. */
function estimate(bytes: number, { wanted }: Extent, gained: number): number | null {
  if (wanted === 0) return 0;
  return gained > 0 ? Math.max(Math.round(bytes / gained), 1) : null;
}

/** To the millisecond. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
