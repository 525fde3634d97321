/** `ImagePulls` in PostgreSQL: the table `image_pulls`, which no fact touches. */
import type { ImagePulls, LastPull } from '../../tree/pulls.ts';
import type { Database, Statement } from '../database.ts';

const GIVEN =
  'unnest($1::text[], $2::text[], $3::timestamptz[]) AS new (repository, reference, at)';

/** In order, so that no two processes wait for each other. */
const RECORD: Statement = {
  name: 'record-image-pulls',
  text: `INSERT INTO image_pulls AS old (repository, reference, pulled_at, is_untold)
         SELECT repository, reference, at, true FROM ${GIVEN}
         ORDER BY repository COLLATE "C", reference COLLATE "C"
         ON CONFLICT (repository, reference) DO UPDATE
         SET pulled_at = excluded.pulled_at, is_untold = true
         WHERE old.pulled_at < excluded.pulled_at`,
};
const FIND: Statement = {
  name: 'find-image-pulls',
  text: `SELECT pull.repository, pull.reference, pull.pulled_at AS at
         FROM unnest($1::text[], $2::text[]) AS key (repository, reference)
         JOIN image_pulls AS pull ON pull.repository = key.repository COLLATE "C"
           AND pull.reference = key.reference COLLATE "C"`,
};
const LIST_UNTOLD: Statement = {
  name: 'list-untold-pulls',
  text: `SELECT repository, reference, pulled_at AS at FROM image_pulls
         WHERE is_untold ORDER BY repository, reference LIMIT $1`,
};
const RECORD_TOLD: Statement = {
  name: 'record-told-pulls',
  text: `UPDATE image_pulls AS old SET is_untold = false FROM ${GIVEN}
         WHERE old.repository = new.repository AND old.reference = new.reference
           AND old.pulled_at <= new.at AND old.is_untold`,
};
const FORGET_TOLD: Statement = {
  name: 'forget-told-pulls',
  text: 'UPDATE image_pulls SET is_untold = true WHERE NOT is_untold',
};
const DELETE_GONE: Statement = {
  name: 'delete-gone-pulls',
  text: `DELETE FROM image_pulls WHERE (repository, reference) IN (
           SELECT pull.repository, pull.reference FROM image_pulls AS pull
           WHERE NOT EXISTS (
               SELECT FROM repositories WHERE name = pull.repository AND pull.reference = '')
             AND NOT EXISTS (
               SELECT FROM tags WHERE repository = pull.repository AND name = pull.reference)
             AND NOT EXISTS (
               SELECT FROM manifests
               WHERE repository = pull.repository AND digest = pull.reference)
           LIMIT $1)
         RETURNING repository`,
};

export class PostgresImagePulls implements ImagePulls {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async record(pulls: readonly LastPull[]): Promise<void> {
    await this.#database.query(RECORD, valuesOf(pulls));
  }

  find(keys: readonly Omit<LastPull, 'at'>[]): Promise<LastPull[]> {
    const repositories = keys.map(({ repository }) => repository);
    const references = keys.map(({ reference }) => reference);
    return this.#database.query<LastPull>(FIND, [repositories, references]);
  }

  listUntold(limit: number): Promise<LastPull[]> {
    return this.#database.query<LastPull>(LIST_UNTOLD, [limit]);
  }

  async recordTold(pulls: readonly LastPull[]): Promise<void> {
    await this.#database.query(RECORD_TOLD, valuesOf(pulls));
  }

  async forgetTold(): Promise<void> {
    await this.#database.query(FORGET_TOLD, []);
  }

  async deleteGone(limit: number): Promise<number> {
    return (await this.#database.query(DELETE_GONE, [limit])).length;
  }
}

function valuesOf(pulls: readonly LastPull[]): unknown[] {
  return [
    pulls.map(({ repository }) => repository),
    pulls.map(({ reference }) => reference),
    pulls.map(({ at }) => at),
  ];
}
