/** How the memory maker of `Snapshot` sums rows up. */
import { createHash } from 'node:crypto';
import type { KeyRange, SnapshotKey, SnapshotRow, Stretch } from '../../geo/snapshot.ts';

/** All keys are ASCII, so the order of strings is that of bytes. */
export function compareKeys(one: SnapshotKey, other: SnapshotKey): number {
  const at = one.findIndex((word, index) => word !== other[index]);
  if (at === -1) return 0;
  return one[at]! < other[at]! ? -1 : 1;
}

export function isWithin({ after, through }: KeyRange, key: SnapshotKey): boolean {
  if (after && compareKeys(key, after) <= 0) return false;
  return !through || compareKeys(key, through) <= 0;
}

export function checksumOf(rows: readonly SnapshotRow[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest('hex');
}

/**
 * See `Snapshot.cut`.
 * @param within all rows of the range, in order
 */
export function cutRows(
  within: readonly SnapshotRow[],
  { after, through }: KeyRange,
  size: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  for (let from = 0; from === 0 || from < within.length; from += size) {
    const rows = within.slice(from, from + size);
    const start = from === 0 ? after : within[from - 1]!.key;
    const end = from + size >= within.length ? through : rows.at(-1)!.key;
    stretches.push({
      ...(start ? { after: start } : {}),
      ...(end ? { through: end } : {}),
      rows: rows.length,
      checksum: checksumOf(rows),
    });
  }
  return stretches;
}
