/** From what a site counts to what it says of itself. Pure: no clock, no I/O. */
import type { LogHead } from '../../storage/change-log.ts';
import type { LedgerEntry, LedgerStatus } from '../../storage/geo/ledger.ts';
import type { ReplicaCounts } from '../../storage/geo/replicas.ts';
import type { Extent, SiteFigures } from '../../storage/geo/site-reports.ts';
import { judgeHealth } from './health.ts';

/** Everything that was read of a site at one moment. */
export interface SiteState {
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
  /** Whether the blobs of every repository are copied here. */
  readonly copiesAll: boolean;
  /** Some of the entries that failed last. */
  readonly failures: readonly Pick<LedgerEntry, 'reason'>[];
  readonly bytesPerSecond: number;
  /** How fast more becomes wanted. */
  readonly bytesWantedPerSecond: number;
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
    manifests: measureManifests(state),
    blobs,
    bytesBehind,
    oldestUnreplicatedSeconds: measureOldest(state),
    bytesPerSecond: Math.round(bytesPerSecond),
    secondsLeft: estimate(blobs.wanted, bytesBehind, netPace(state)),
    lanes: ledger.objects,
    transferring: ledger.transferring,
    isPaused,
  };
  return { ...figures, ...judgeHealth(figures, state) };
}

/**
 * A site that copies all wants what its facts name and lacks, and they say so in one moment. One
 * that copies a part has to ask its ledger, which knows nothing until it is filled.
 */
function isSaidByFacts({ copiesAll, isLedgerFilled }: SiteState): boolean {
  return copiesAll || !isLedgerFilled;
}

/** What a primary names was pushed to it and hashed on its way in. */
function measureBlobs(state: SiteState): Extent {
  const { role, counts, ledger } = state;
  const { blobs: total, verifiedBlobs } = counts;
  if (role === 'primary') return extent({ total, verified: total, wanted: 0, failed: 0 });
  const { demand, fresh, backfill } = ledger.objects;
  const wanted = isSaidByFacts(state) ? total - verifiedBlobs : demand + fresh + backfill;
  return extent({ total, verified: verifiedBlobs, wanted, failed: ledger.failed });
}

/** Manifests come in the feed: what lacks is blobs of theirs, and only transfers fail. */
function measureManifests({ role, counts }: SiteState): Extent {
  const { manifests: total, completeManifests } = counts;
  const verified = role === 'primary' ? total : completeManifests;
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

/** What becomes wanted meanwhile has to come too; where nothing is gained, by the pace alone. */
function netPace({ role, bytesPerSecond, bytesWantedPerSecond }: SiteState): number {
  if (role === 'primary') return 0;
  const gained = bytesPerSecond - bytesWantedPerSecond;
  return gained > 0 ? gained : bytesPerSecond;
}

function estimate(wanted: number, bytes: number, bytesPerSecond: number): number | null {
  if (wanted === 0) return 0;
  return bytesPerSecond > 0 ? Math.ceil(bytes / bytesPerSecond) : null;
}

/** To the millisecond. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
