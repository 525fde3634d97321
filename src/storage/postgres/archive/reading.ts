/** `FactReading` in PostgreSQL: one transaction that sees one state, read through cursors. */
import type { Client } from 'pg';
import type { Digest } from '../../../oci/digest.ts';
import type {
  ArchivedRow,
  ArchivedSite,
  ArchivedTable,
  FactReading,
} from '../../backup/fact-archive.ts';
import { listTables, quote } from './tables.ts';

/** Manifests are the widest: so many of them are a few megabytes. */
const ROWS = 500;

const READ_SITE = `
  SELECT cluster, site, role, epoch, CAST(position AS float8) AS position,
    ARRAY(SELECT name FROM knex_migrations ORDER BY id) AS migrations
  FROM identity, log_head`;

const LIST_BLOBS = `
  SELECT digest FROM blobs
  WHERE is_linked AND verified_at IS NOT NULL AND digest > $1 ORDER BY digest LIMIT $2`;

export class PostgresFactReading implements FactReading {
  readonly site: ArchivedSite;
  readonly tables: readonly ArchivedTable[];
  readonly #client: Client;

  private constructor(client: Client, site: ArchivedSite, tables: readonly ArchivedTable[]) {
    this.#client = client;
    this.site = site;
    this.tables = tables;
  }

  /** Closes the client when it is closed itself, and where it cannot be opened. */
  static async open(client: Client): Promise<PostgresFactReading> {
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const { rows: names } = await client.query(`SELECT to_regclass('identity') AS name`);
      const found = names[0].name && (await client.query<ArchivedSite>(READ_SITE)).rows[0];
      if (!found) throw new Error('there is no site in the database');
      return new PostgresFactReading(client, found, await listTables(client));
    } catch (error) {
      await client.end();
      throw error;
    }
  }

  async *read({ name, columns }: ArchivedTable): AsyncGenerator<readonly ArchivedRow[]> {
    const texts = columns.map((column) => `CAST(${quote(column)} AS text)`).join(', ');
    await this.#client.query(
      `DECLARE rows NO SCROLL CURSOR FOR SELECT ARRAY[${texts}] AS row FROM ${quote(name)}`,
    );
    for (;;) {
      const { rows } = await this.#client.query<{ row: ArchivedRow }>(`FETCH ${ROWS} FROM rows`);
      if (rows.length === 0) break;
      yield rows.map(({ row }) => row);
    }
    await this.#client.query('CLOSE rows');
  }

  async listBlobs(page: { readonly after?: Digest; readonly limit: number }): Promise<Digest[]> {
    const { rows } = await this.#client.query<{ digest: Digest }>(LIST_BLOBS, [
      page.after ?? '',
      page.limit,
    ]);
    return rows.map(({ digest }) => digest);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}
