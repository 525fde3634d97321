/** `Snapshot` in PostgreSQL: the tables of the facts, by their primary keys. */
import type { Knex } from 'knex';
import type { Fact } from '../../change-log.ts';
import {
  type KeyRange,
  type PlacedPage,
  type Repair,
  removalOf,
  type Snapshot,
  type SnapshotKey,
  type SnapshotPage,
  type SnapshotPart,
  type SnapshotRow,
  type Stretch,
} from '../../geo/snapshot.ts';
import type { Database } from '../database.ts';
import { VERIFICATIONS } from '../facts/blobs.ts';
import { writeFact } from '../facts/write.ts';
import { writeFacts } from '../facts/write-many.ts';
import { assertNoFurther, lockHead } from './proofs.ts';
import { PARTS } from './snapshot-parts.ts';
import { readRows, repairRange, writeRow } from './snapshot-repair.ts';
import { boundsOf, cutRange, isInRange, readHashing, sumRanges, walkKeys } from './stretches.ts';

/** Rows of a range that are read at most for a comparison; there is hardly more than one. */
const RANGE_ROWS = 8;

export class PostgresSnapshot implements Snapshot {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(part: SnapshotPart, after?: SnapshotKey): Promise<SnapshotPage> {
    const { sql, key, toFact } = PARTS[part];
    const text = sql.replace('{range}', `WHERE ${isInRange(key)}`);
    const bounds = boundsOf(key, after ? { after } : {});
    const found = await this.#database.run((knex) => knex.raw(text, bounds));
    const rows: SnapshotRow[] = found.rows.map((row: Record<string, string>) => ({
      key: key.map((column) => row[column]!),
      ...(toFact ? { fact: toFact(row as never) } : {}),
    }));
    const through = rows.at(-1)?.key;
    return { part, rows, ...(after ? { after } : {}), ...(through ? { through } : {}) };
  }

  readHashing(): Promise<string> {
    return this.#database.run((knex) => readHashing(knex));
  }

  cut(part: SnapshotPart, range: KeyRange, rows: number): Promise<Stretch[]> {
    return this.#walk((trx) => cutRange(trx, part, { range, rows }));
  }

  async sum(part: SnapshotPart, ranges: readonly KeyRange[]): Promise<string[]> {
    const sums = await this.#walk((trx) => sumRanges(trx, part, ranges));
    return sums.map(({ checksum }) => checksum);
  }

  async readRange(part: SnapshotPart, range: KeyRange): Promise<PlacedPage> {
    const found = await this.#walk((trx) => readRows(trx, part, { range, limit: RANGE_ROWS }));
    return { ...range, ...found, part };
  }

  repair(pages: readonly PlacedPage[]): Promise<Repair[]> {
    return this.#database.transaction(async (trx) => {
      const repairs: Repair[] = [];
      for (const page of pages) repairs.push(await repairRange(trx, page));
      return repairs;
    });
  }

  #walk<Outcome>(work: (trx: Knex.Transaction) => Promise<Outcome>): Promise<Outcome> {
    return this.#database.transaction(async (trx) => {
      await walkKeys(trx);
      return work(trx);
    });
  }

  async replace(page: SnapshotPage & { readonly position?: number }): Promise<void> {
    await this.#database.transaction(async (trx) => {
      // In the order in which an apply locks.
      await trx.raw(`SELECT pg_advisory_xact_lock(${VERIFICATIONS})`);
      const head = await lockHead(trx);
      assertNoFurther(head, page.position ?? head.position);
      for (const key of await listUnlisted(trx, page)) {
        await writeFact(trx, removalOf(page.part, key));
      }
      await writeRows(trx, page);
      if (page.part === 'manifests') await untellArrivals(trx, page);
    });
  }
}

/** Of links and manifests there are the most. */
async function writeRows(trx: Knex.Transaction, { part, rows }: SnapshotPage): Promise<void> {
  if (part === 'links' || part === 'manifests') {
    const facts = rows.map(({ fact }) => fact as Fact);
    return writeFacts(trx, facts);
  }
  for (const row of rows) await writeRow(trx, part, row);
}

/** The primary forgot those of what was deleted, also where it was pushed again since. */
async function untellArrivals(trx: Knex.Transaction, range: KeyRange): Promise<void> {
  const { key } = PARTS.manifests;
  const told = `UPDATE own_arrivals SET is_told = false WHERE is_told AND ${isInRange(key)}`;
  await trx.raw(told, boundsOf(key, range));
}

/** What is here within the range of the page and not on it. */
async function listUnlisted(
  trx: Knex.Transaction,
  { part, rows, ...range }: SnapshotPage,
): Promise<SnapshotKey[]> {
  const { table, key } = PARTS[part];
  const found = await trx.raw(
    `SELECT ${key.join(', ')} FROM ${table} WHERE ${isInRange(key)}`,
    boundsOf(key, range),
  );
  const listed = new Set(rows.map((row) => row.key.join(' ')));
  const keys: string[][] = found.rows.map((row: Record<string, string>) =>
    key.map((column) => row[column]!),
  );
  return keys.filter((own) => !listed.has(own.join(' ')));
}
