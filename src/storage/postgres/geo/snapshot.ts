/** `Snapshot` in PostgreSQL: the tables of the facts, by their primary keys. */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import {
  removalOf,
  type Snapshot,
  type SnapshotKey,
  type SnapshotPage,
  type SnapshotPart,
  type SnapshotRow,
} from '../../geo/snapshot.ts';
import type { Database } from '../database.ts';
import { writeRepository } from '../facts/repositories.ts';
import { writeFact } from '../facts/write.ts';
import { lockHead } from './proofs.ts';
import { PARTS } from './snapshot-parts.ts';

export class PostgresSnapshot implements Snapshot {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(part: SnapshotPart, after?: SnapshotKey): Promise<SnapshotPage> {
    const { sql, key, toFact } = PARTS[part];
    const isBehind = after ? `WHERE ${isInRange(key, { after })}` : '';
    const text = sql.replace('{range}', isBehind);
    const found = await this.#database.run((knex) => knex.raw(text, [...(after ?? [])]));
    const rows: SnapshotRow[] = found.rows.map((row: Record<string, string>) => ({
      key: key.map((column) => row[column]!),
      ...(toFact ? { fact: toFact(row as never) } : {}),
    }));
    const through = rows.at(-1)?.key;
    return { part, rows, ...(after ? { after } : {}), ...(through ? { through } : {}) };
  }

  async replace(page: SnapshotPage): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await lockHead(trx);
      for (const key of await listUnlisted(trx, page)) {
        await writeFact(trx, removalOf(page.part, key));
      }
      for (const row of page.rows) await writeRow(trx, page.part, row);
    });
  }
}

type Range = Pick<SnapshotPage, 'after' | 'through'>;

function isInRange(key: readonly string[], { after, through }: Range): string {
  const columns = `(${key.join(', ')})`;
  const values = `(${key.map(() => '?').join(', ')})`;
  const bounds = [after ? `${columns} > ${values}` : '', through ? `${columns} <= ${values}` : ''];
  return bounds.filter(Boolean).join(' AND ') || 'true';
}

/** What is here within the range of the page and not on it. */
async function listUnlisted(
  trx: Knex.Transaction,
  { part, rows, ...range }: SnapshotPage,
): Promise<SnapshotKey[]> {
  const { table, key } = PARTS[part];
  const found = await trx.raw(
    `SELECT ${key.join(', ')} FROM ${table} WHERE ${isInRange(key, range)}`,
    [...(range.after ?? []), ...(range.through ?? [])],
  );
  const listed = new Set(rows.map((row) => row.key.join(' ')));
  const keys: string[][] = found.rows.map((row: Record<string, string>) =>
    key.map((column) => row[column]!),
  );
  return keys.filter((own) => !listed.has(own.join(' ')));
}

async function writeRow(
  trx: Knex.Transaction,
  part: SnapshotPart,
  { key, fact }: SnapshotRow,
): Promise<void> {
  if (!fact) await writeRepository(trx, key[0] as RepositoryName);
  else if (part !== 'tags' || (await hasManifest(trx, fact as Fact))) {
    await writeFact(trx, fact as Fact);
  }
}

async function hasManifest(trx: Knex.Transaction, fact: Fact): Promise<boolean> {
  if (fact.kind !== 'manifest-recorded') return false;
  const { repository, digest } = fact;
  const found = await trx('manifests').select('digest').where({ repository, digest }).first();
  return found !== undefined;
}
