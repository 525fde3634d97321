/** Whether what is known of a tag may be answered without asking. */
import type { VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { CachedTag } from '../../storage/virtual/cache.ts';

const HOUR_MS = 3_600_000;

/** A tag that the upstream has. */
export type PresentTag = CachedTag & { readonly digest: NonNullable<CachedTag['digest']> };

export function isPresent(row: CachedTag | undefined): row is PresentTag {
  return row?.digest !== undefined;
}

/** In milliseconds, since the upstream was asked. */
export function ageOf({ checkedAt }: CachedTag, now: Date): number {
  return Math.max(0, now.getTime() - checkedAt.getTime());
}

/** What is there holds for hours, or for ever with 0; what is not there for seconds (V2, V7). */
export function isFresh(row: CachedTag, upstream: VirtualUpstream, now: Date): boolean {
  if (row.digest !== undefined) return isWithinValidity(row, upstream, now);
  return ageOf(row, now) < upstream.negativeTtlSeconds * 1000;
}

/**
 * Whether an upstream may answer without those above it being asked: each said that it lacks the
 * tag, no longer ago than this one's own tags hold (V5, A35).
 */
export function restsOn(
  lacking: readonly (CachedTag | undefined)[],
  upstream: VirtualUpstream,
  now: Date,
): boolean {
  return lacking.every((row) => row !== undefined && isWithinValidity(row, upstream, now));
}

function isWithinValidity(row: CachedTag, { validityHours }: VirtualUpstream, now: Date): boolean {
  return validityHours === 0 || ageOf(row, now) < validityHours * HOUR_MS;
}
