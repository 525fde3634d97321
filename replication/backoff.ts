/** How long to wait before the next try. Pure but for the randomness that it is given. */
import type { Randomness } from '../src/randomness.ts';

export interface Pace {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * Half of a pause that doubles with each try is certain, the other half is chance: so those who
 * failed together do not come back together.
 *
 * @param tries how often it failed so far, at least 1
 */
export function pauseMs(pace: Pace, tries: number, randomness: Randomness): number {
  const full = Math.min(pace.firstMs * 2 ** Math.min(tries - 1, 30), pace.longestMs);
  const chance = randomness.bytes(4).readUInt32LE() / 2 ** 32;
  return Math.round(full / 2 + (full / 2) * chance);
}
