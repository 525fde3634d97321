/** How ranges of facts are summed up in the database itself, so that no row leaves it for that. */
import type { Knex } from 'knex';
import type { KeyRange, SnapshotKey, SnapshotPart, Stretch } from '../../geo/snapshot.ts';
import { PARTS } from './snapshot-parts.ts';

/** So many stretches are cut at once; each statement about them is soon done. */
const CUT_AT_ONCE = 64;
const SUMMED_AT_ONCE = 16;

/** Behind every key, in byte order. */
const END = '\u{10FFFF}';

/**
 * For the transaction: rows are taken by the index of the key, which has them in order. One that
 * has the repository in common looks as good to the planner, and is walked for all of a repository.
 */
export async function walkKeys(trx: Knex.Transaction): Promise<void> {
  await trx.raw('SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off');
}

/** A condition with {@link boundsOf} as its values. */
export function isInRange(key: readonly string[]): string {
  const columns = `(${key.join(', ')})`;
  return `${columns} > (${marks(key)}) AND ${columns} <= (${marks(key)})`;
}

const marks = (key: readonly string[]) => key.map(() => '?').join(', ');

export function boundsOf(key: readonly string[], { after, through }: KeyRange): string[] {
  return [
    ...key.map((_, nth) => after?.[nth] ?? ''),
    ...key.map((_, nth) => through?.[nth] ?? END),
  ];
}

/** See `Snapshot.cut`. The keys alone say where to cut. */
export async function cutRange(
  trx: Knex.Transaction,
  part: SnapshotPart,
  { range, rows }: { readonly range: KeyRange; readonly rows: number },
): Promise<Stretch[]> {
  const { table, key } = PARTS[part];
  const columns = key.join(', ');
  const behind = (from: string) =>
    `SELECT ${columns} FROM ${table}
     WHERE (${columns}) > (${from}) AND (${columns}) <= (${marks(key)})
     ORDER BY ${columns} OFFSET ? LIMIT 1`;
  const bounds = boundsOf(key, range);
  const through = bounds.slice(key.length);
  const found = await trx.raw(
    `WITH RECURSIVE ends AS (
       (SELECT 1 AS nth, * FROM (${behind(marks(key))}) AS one)
       UNION ALL
       SELECT nth + 1, one.* FROM ends
       CROSS JOIN LATERAL (${behind(key.map((column) => `ends.${column}`).join(', '))}) AS one
       WHERE nth < ?
     ) SELECT ${columns} FROM ends ORDER BY nth`,
    [...bounds, rows - 1, ...through, rows - 1, CUT_AT_ONCE],
  );
  const ends = found.rows.map((row: Record<string, string>) => key.map((column) => row[column]!));
  const ranges = splitAt(ends, range);
  const sums = await sumRanges(trx, part, ranges);
  return ranges.map((one, nth) => ({ ...one, ...sums[nth]! }));
}

/** The ranges up to each end; where there may be no more of them, the last goes on to the end. */
function splitAt(ends: readonly SnapshotKey[], { after, through }: KeyRange): KeyRange[] {
  const starts = [after, ...ends];
  const ranges = ends.map((end, nth) => rangeOf(starts[nth], end));
  return ends.length < CUT_AT_ONCE ? [...ranges, rangeOf(starts.at(-1), through)] : ranges;
}

function rangeOf(after: SnapshotKey | undefined, through: SnapshotKey | undefined): KeyRange {
  return { ...(after ? { after } : {}), ...(through ? { through } : {}) };
}

interface Sum {
  readonly rows: number;
  readonly checksum: string;
}

/** See `Snapshot.sum`. */
export async function sumRanges(
  trx: Knex.Transaction,
  part: SnapshotPart,
  ranges: readonly KeyRange[],
): Promise<Sum[]> {
  const sums: Sum[] = [];
  for (let from = 0; from < ranges.length; from += SUMMED_AT_ONCE) {
    sums.push(...(await sumSome(trx, part, ranges.slice(from, from + SUMMED_AT_ONCE))));
  }
  return sums;
}

async function sumSome(
  trx: Knex.Transaction,
  part: SnapshotPart,
  ranges: readonly KeyRange[],
): Promise<Sum[]> {
  const { table, key, line } = PARTS[part];
  const ends = ['after', 'through'].map((end) => key.map((_, nth) => `${end}${nth}`));
  const [after, through] = ends.map((words) => words.map((word) => `wanted.${word}`).join(', '));
  const columns = key.join(', ');
  const values = ranges.map((range) => boundsOf(key, range));
  const { rows } = await trx.raw(
    `SELECT summed.* FROM unnest(${ends
      .flat()
      .map(() => 'CAST(? AS text[])')
      .join(', ')})
       WITH ORDINALITY AS wanted (${ends.flat().join(', ')}, nth)
     CROSS JOIN LATERAL (
       SELECT CAST(count(*) AS integer) AS rows, encode(sha256(convert_to(
         coalesce(string_agg(line, E'\\n'), ''), 'UTF8')), 'hex') AS checksum
       FROM (
         SELECT ${line} AS line FROM ${table}
         WHERE (${columns}) > (${after}) AND (${columns}) <= (${through}) ORDER BY ${columns}
       ) AS ordered
     ) AS summed
     ORDER BY wanted.nth`,
    ends.flat().map((_, nth) => values.map((value) => value[nth]!)),
  );
  return rows;
}
