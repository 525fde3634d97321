/** The older end of the change log. */
import type { Database, Statement } from '../database.ts';

const TAIL: Statement = {
  name: 'log-tail',
  text: `SELECT coalesce((SELECT position - 1 FROM changes ORDER BY position LIMIT 1),
           (SELECT position FROM log_head)) AS position`,
};
// Walks from the oldest on, so it reads what is about to be forgotten and no more.
const POSITION_AT: Statement = {
  name: 'position-at',
  text: `SELECT coalesce(
           (SELECT position - 1 FROM changes WHERE at >= $1 ORDER BY position LIMIT 1),
           (SELECT position FROM log_head)) AS position`,
};
const TRIM: Statement = {
  name: 'trim-log',
  text: `WITH old AS (
           SELECT position FROM changes
           WHERE position <= $1 AND position < (SELECT position FROM log_head)
           ORDER BY position LIMIT $2
         ), gone AS (
           DELETE FROM changes USING old WHERE changes.position = old.position RETURNING 1
         )
         SELECT count(*) AS count FROM gone`,
};

/** Rows that one statement forgets: many enough, and done within its time limit. */
const TRIM_ROWS = 5000;

/** See `ChangeLog.tail`. */
export async function readTail(database: Database): Promise<number> {
  return (await database.query<{ position: number }>(TAIL))[0]!.position;
}

/** See `ChangeLog.positionAt`. */
export async function findPositionAt(database: Database, time: Date): Promise<number> {
  return (await database.query<{ position: number }>(POSITION_AT, [time]))[0]!.position;
}

/** See `ChangeLog.trim`. */
export async function trimLog(database: Database, upTo: number): Promise<number> {
  let total = 0;
  for (;;) {
    const rows = await database.query<{ count: number }>(TRIM, [upTo, TRIM_ROWS]);
    total += rows[0]!.count;
    if (rows[0]!.count < TRIM_ROWS) return total;
  }
}
