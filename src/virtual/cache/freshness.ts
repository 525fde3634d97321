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
  const { validityHours, negativeTtlSeconds } = upstream;
  const ageMs = ageOf(row, now);
  if (row.digest === undefined) return ageMs < negativeTtlSeconds * 1000;
  return validityHours === 0 || ageMs < validityHours * HOUR_MS;
}
