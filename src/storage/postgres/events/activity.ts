/**
 * `ActivityFeed` in PostgreSQL: the table `activity`, which a trigger fills. A page walks the index
 * of its group, of its project or of all, from where the last one ended.
 */
import {
  type Activity,
  type ActivityFeed,
  type ActivityKey,
  type ActivityPage,
  type ActivitySlice,
  MAX_ACTIVITY_WALK,
} from '../../events/activity.ts';
import type { Database, Statement } from '../database.ts';
import { rangesOfBranch } from '../tree/ranges.ts';

/** By how many levels a path has: what lies deeper is looked for in its project. */
const SCOPES = ['', 'group_name = $1 AND', 'project = $1 AND'] as const;

const COLUMNS = `id, at, action, repository, digest, tags, media_type AS "mediaType",
  moved_to AS "movedTo", moved_from AS "movedFrom", actor`;

/** What lies behind the key, the newest first. */
function walk(scope: string, columns: string): string {
  return `SELECT ${columns} FROM activity
    WHERE ${scope} (at, id) < ($2::timestamptz, $3::bigint) AND at >= $4::timestamptz
    ORDER BY at DESC, id DESC`;
}

/** The parameter of the path is there also where the walk needs none. */
const LISTS: readonly Statement[] = SCOPES.map((scope, levels) => ({
  name: `list-activity-${levels}`,
  text: `
    SELECT ${COLUMNS} FROM (${walk(scope, '*')} LIMIT ${MAX_ACTIVITY_WALK}) AS walked
    WHERE ($5::text IS NULL OR action = $5) AND ($6::text IS NULL OR actor = $6)
      AND EXISTS (
        SELECT FROM unnest($7::text[], $8::text[], $9::text[]) AS range (low, high, rule)
        WHERE repository >= range.low COLLATE "C" AND repository < range.high COLLATE "C"
          AND repository ~ range.rule)
      AND $1::text IS NOT NULL
    ORDER BY at DESC, id DESC LIMIT $10`,
}));

/** Where a walk that found too little ended, if there is more behind it. */
const ENDS: readonly Statement[] = SCOPES.map((scope, levels) => ({
  name: `end-activity-${levels}`,
  text: `SELECT at, id FROM (${walk(scope, 'at, id')} LIMIT 2
           OFFSET ${MAX_ACTIVITY_WALK - 1}) AS walked
         WHERE $1::text IS NOT NULL ORDER BY at DESC, id DESC`,
}));

const DELETE: Statement = {
  name: 'delete-activity',
  text: `DELETE FROM activity WHERE id IN (
           SELECT id FROM activity WHERE at < $1 ORDER BY at, id LIMIT 1000)
         RETURNING id`,
};

type Row = { readonly [Key in keyof Activity]-?: Activity[Key] | null };

export class PostgresActivityFeed implements ActivityFeed {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(page: ActivityPage): Promise<ActivitySlice> {
    const { limit, action, actor } = page;
    const levels = Math.min(page.path?.split('/').length ?? 0, SCOPES.length - 1);
    const where = whereOf(page, levels);
    const ranges = rangesOfBranch(page);
    const rows = await this.#database.query<Row>(LISTS[levels]!, [
      ...where,
      action ?? null,
      actor ?? null,
      ranges.map(({ low }) => low),
      ranges.map(({ high }) => high),
      ranges.map(({ rule }) => rule),
      limit + 1,
    ]);
    const items = rows.slice(0, limit).map(toActivity);
    const last = items.at(-1);
    if (rows.length > limit && last) return { items, next: keyOf(last) };
    const [end, behind] = await this.#database.query<ActivityKey>(ENDS[levels]!, where);
    return end && behind ? { items, next: end } : { items };
  }

  async deleteBefore(time: Date): Promise<number> {
    return (await this.#database.query(DELETE, [time])).length;
  }
}

/** The path of the walk, the key behind which it begins, and how far back it goes. */
function whereOf({ path = '', after, since, until }: ActivityPage, levels: number): unknown[] {
  const scope = path.split('/').slice(0, levels).join('/');
  const isBefore = until !== undefined && !(after && after.at < until);
  const key = isBefore ? { at: until, id: 0 } : after;
  return [scope, key?.at ?? 'infinity', key?.id ?? 0, since ?? '-infinity'];
}

function keyOf({ at, id }: Activity): ActivityKey {
  return { at, id };
}

function toActivity(row: Row): Activity {
  const there = Object.entries(row).filter(([, value]) => value !== null);
  return Object.fromEntries(there) as unknown as Activity;
}
