/** `GarbageBin` in PostgreSQL: the tables `garbage_bin` and `garbage_runs`. */
import type { BinFilter, Collected, GarbageBin, GarbageRun } from '../../garbage-bin.ts';
import type { Database, Statement } from '../database.ts';

const COLUMNS = `kind, repository, digest, size_bytes AS "sizeBytes", media_type AS "mediaType",
                 content`;
const LIST: Statement = {
  name: 'list-garbage-bin',
  text: `SELECT ${COLUMNS} FROM garbage_bin
         WHERE kind = $1 AND (repository, digest) > ($2, $3)
           AND ($4::text IS NULL OR repository = $4) AND ($5::text IS NULL OR run = $5)
         ORDER BY repository, digest LIMIT $6`,
};
const FIND: Statement = {
  name: 'find-in-garbage-bin',
  text: `SELECT ${COLUMNS} FROM garbage_bin WHERE kind = $1 AND repository = $2 AND digest = $3`,
};
const REMOVE: Statement = {
  name: 'remove-from-garbage-bin',
  text: 'DELETE FROM garbage_bin WHERE kind = $1 AND repository = $2 AND digest = $3',
};
const DELETE_BEFORE: Statement = {
  name: 'empty-garbage-bin',
  text: 'DELETE FROM garbage_bin WHERE collected_at < $1 RETURNING digest',
};
const COUNT: Statement = {
  name: 'count-garbage-bin',
  text: 'SELECT count(*) AS count FROM garbage_bin',
};
/** So many runs are remembered. */
const KEPT_RUNS = 100;
const RECORD_RUN: Statement = {
  name: 'record-garbage-run',
  text: `WITH old AS (
           DELETE FROM garbage_runs WHERE id IN (
             SELECT id FROM garbage_runs ORDER BY ended_at DESC OFFSET ${KEPT_RUNS}
           )
         )
         INSERT INTO garbage_runs (id, ended_at, run) VALUES ($1, $2, $3)`,
};
const FIND_LAST_RUN: Statement = {
  name: 'find-last-garbage-run',
  text: 'SELECT run FROM garbage_runs ORDER BY ended_at DESC LIMIT 1',
};

interface Row extends Record<string, unknown> {
  readonly kind: Collected['kind'];
  readonly repository: Collected['repository'];
  readonly digest: Collected['digest'];
  readonly sizeBytes: number;
  readonly mediaType: string | null;
  readonly content: Buffer | null;
}

export class PostgresGarbageBin implements GarbageBin {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list<Kind extends Collected['kind']>(
    kind: Kind,
    page: BinFilter & { readonly after?: Collected; readonly limit: number },
  ): Promise<Extract<Collected, { kind: Kind }>[]> {
    const { after, repository = null, run = null, limit } = page;
    const values = [kind, after?.repository ?? '', after?.digest ?? '', repository, run, limit];
    const rows = await this.#database.query<Row>(LIST, values);
    return rows.map(toCollected) as Extract<Collected, { kind: Kind }>[];
  }

  async find(
    kind: Collected['kind'],
    { repository, digest }: Pick<Collected, 'repository' | 'digest'>,
  ): Promise<Collected | undefined> {
    const rows = await this.#database.query<Row>(FIND, [kind, repository, digest]);
    return rows[0] && toCollected(rows[0]);
  }

  async remove(collected: Pick<Collected, 'kind' | 'repository' | 'digest'>): Promise<void> {
    const { kind, repository, digest } = collected;
    await this.#database.query(REMOVE, [kind, repository, digest]);
  }

  async deleteBefore(time: Date): Promise<number> {
    return (await this.#database.query(DELETE_BEFORE, [time])).length;
  }

  async count(): Promise<number> {
    return (await this.#database.query<{ count: number }>(COUNT))[0]!.count;
  }

  async recordRun(run: GarbageRun): Promise<void> {
    await this.#database.query(RECORD_RUN, [run.id, run.endedAt, JSON.stringify(run)]);
  }

  async findLastRun(): Promise<GarbageRun | undefined> {
    return (await this.#database.query<{ run: GarbageRun }>(FIND_LAST_RUN))[0]?.run;
  }
}

function toCollected({ kind, sizeBytes, mediaType, content, ...key }: Row): Collected {
  return kind === 'link'
    ? { kind, ...key, sizeBytes }
    : { kind, ...key, mediaType: mediaType!, content: content! };
}
