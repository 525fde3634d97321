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

/** Triggers of what is written would read whole tables rather than sort a few rows. */
export async function stopWalking(trx: Knex.Transaction): Promise<void> {
  await trx.raw('SET LOCAL enable_sort = on; SET LOCAL enable_incremental_sort = on');
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

/** What the hashes of rows come to. No row is there twice, so none takes another one away. */
const SUM = `CAST(count(*) AS integer) AS rows,
  to_hex(coalesce(bit_xor(hash), 0)) AS checksum`;

/** The number stands for how rows are summed up: a change of that needs another one. */
const HASHING = "SELECT to_hex(hashtextextended('facts 2', 0)) AS hashing";

/** See `Snapshot.readHashing`. */
export async function readHashing(knex: Knex): Promise<string> {
  const { rows } = await knex.raw(HASHING);
  return rows[0].hashing;
}

/**
 * See `Snapshot.cut`. Each stretch begins where the one before it ended, so the rows are read once;
 * a key as one text has the order of the key, since its words are ASCII without a space.
 */
export async function cutRange(
  trx: Knex.Transaction,
  part: SnapshotPart,
  { range, rows }: { readonly range: KeyRange; readonly rows: number },
): Promise<Stretch[]> {
  const { table, key, hash } = PARTS[part];
  const columns = key.join(', ');
  const stretchBehind = (from: string) =>
    `SELECT ${SUM}, max(path) AS last FROM (
       SELECT ${key.join(" || ' ' || ")} AS path, ${hash} AS hash FROM ${table}
       WHERE (${columns}) > (${from}) AND (${columns}) <= (${marks(key)})
       ORDER BY ${columns} LIMIT ?
     ) AS ordered`;
  const lastWords = key.map((_, nth) => `split_part(cut.last, ' ', ${nth + 1})`).join(', ');
  const bounds = boundsOf(key, range);
  const through = bounds.slice(key.length);
  const found = await trx.raw(
    `WITH RECURSIVE cut AS (
       (SELECT 1 AS nth, * FROM (${stretchBehind(marks(key))}) AS one)
       UNION ALL
       SELECT nth + 1, one.* FROM cut CROSS JOIN LATERAL (${stretchBehind(lastWords)}) AS one
       WHERE cut.rows = ? AND nth < ?
     ) SELECT rows, checksum, last FROM cut ORDER BY nth`,
    [...bounds, rows, ...through, rows, rows, CUT_AT_ONCE],
  );
  return chain(found.rows, range, rows);
}

/** A stretch with less rows than it may have is the last one, and goes on to the end. */
function chain(found: readonly Cut[], { after, through }: KeyRange, size: number): Stretch[] {
  return found.map(({ rows, checksum, last }, nth) => {
    const start = nth === 0 ? after : found[nth - 1]!.last.split(' ');
    return { ...rangeOf(start, rows < size ? through : last.split(' ')), rows, checksum };
  });
}

interface Cut extends Sum {
  /** The last key as one text. */
  readonly last: string;
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
  const { table, key, hash } = PARTS[part];
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
       SELECT ${SUM}
       FROM (
         SELECT ${hash} AS hash FROM ${table}
         WHERE (${columns}) > (${after}) AND (${columns}) <= (${through}) ORDER BY ${columns}
       ) AS ordered
     ) AS summed
     ORDER BY wanted.nth`,
    ends.flat().map((_, nth) => values.map((value) => value[nth]!)),
  );
  return rows;
}
