/** `FactArchive` in PostgreSQL. */
import { Client } from 'pg';
import type {
  ArchivedFacts,
  ArchivedRow,
  ArchivedTable,
  FactArchive,
  FactReading,
} from '../../backup/fact-archive.ts';
import { toFailure } from '../failure.ts';
import { KNOWN_MIGRATIONS, migrate } from '../migrate.ts';
import { PostgresFactReading } from './reading.ts';
import { listTables, quote } from './tables.ts';

const CONNECT_TIMEOUT_MS = 5000;

/** No site has ever come this far between two restores; positions are exact below 2^53. */
const STRIDE = 1_000_000_000;

/** What the triggers would do for each row was done for the rows that were kept. */
const READ_STATE = `
  SELECT EXISTS (SELECT FROM identity) AS "isTaken",
    ARRAY(SELECT name FROM knex_migrations ORDER BY id) AS migrations`;

/** Unlinked blobs were not kept; what they waited for is over. */
const FORGET_BYTES = `DELETE FROM blobs WHERE NOT is_linked`;

const BEGIN_ANEW = `
  UPDATE log_head SET epoch = epoch + 1, position = (position / ${STRIDE} + 1) * ${STRIDE}
  RETURNING CAST(position AS float8) AS position`;

/** They go on behind what was given already. */
const LIST_SEQUENCES = `
  SELECT relname AS table, attname AS column,
    pg_get_serial_sequence(quote_ident(relname), attname) AS sequence
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE relnamespace = CAST(current_schema AS regnamespace) AND attidentity <> ''`;

export class PostgresFactArchive implements FactArchive {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async open(): Promise<FactReading> {
    return PostgresFactReading.open(await this.#connect());
  }

  async restore(facts: ArchivedFacts): Promise<number> {
    const unknown = facts.migrations.filter((name) => !KNOWN_MIGRATIONS.includes(name));
    if (unknown.length > 0) {
      throw new Error(`the backup is of a later version of Meridian, which has ${unknown[0]}`);
    }
    const client = await this.#connect();
    try {
      await assertEmpty(client, facts.migrations);
      await migrate(this.#url, facts.migrations);
      const position = await fill(client, facts);
      await migrate(this.#url);
      return position;
    } finally {
      await client.end();
    }
  }

  async #connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    // What breaks the line also rejects the statement under way.
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      throw toFailure(error);
    }
  }
}

/** Tables without a site are of a restore that was cut off: they are filled again. */
async function assertEmpty(client: Client, wanted: readonly string[]): Promise<void> {
  const { rows: names } = await client.query(
    `SELECT to_regclass('knex_migrations') AS done, to_regclass('identity') AS identity`,
  );
  if (names[0].done === null) return;
  if (names[0].identity === null) throw new Error('the database has tables of a broken migration');
  const { rows } = await client.query<{ isTaken: boolean; migrations: string[] }>(READ_STATE);
  const { isTaken, migrations: done } = rows[0]!;
  if (isTaken) throw new Error('the database holds a site already: restore into an empty one');
  if (done.some((name) => !wanted.includes(name))) {
    throw new Error('the database has tables of a later version: restore into an empty one');
  }
}

async function fill(client: Client, facts: ArchivedFacts): Promise<number> {
  await client.query('BEGIN');
  const tables = await listTables(client);
  const names = tables.map(({ name }) => quote(name));
  for (const name of names) await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
  await client.query(`TRUNCATE ${names.join(', ')} CASCADE`);
  for (const table of facts.tables) {
    for await (const rows of facts.read(table)) await insert(client, table, rows);
  }
  await client.query(FORGET_BYTES);
  const { rows } = await client.query<{ position: number }>(BEGIN_ANEW);
  await moveSequences(client);
  for (const name of names) await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
  await client.query('COMMIT');
  return rows[0]!.position;
}

/** Each column travels as an array of texts, which the column's own type reads. */
async function insert(
  client: Client,
  { name, columns }: ArchivedTable,
  rows: readonly ArchivedRow[],
): Promise<void> {
  const types = await readTypes(client, name, columns);
  const list = columns.map(quote).join(', ');
  const arrays = columns.map((_, index) => `CAST($${index + 1} AS text[])`).join(', ');
  const values = columns.map((column, index) => `CAST(${quote(column)} AS ${types[index]})`);
  await client.query(
    `INSERT INTO ${quote(name)} (${list}) OVERRIDING SYSTEM VALUE
     SELECT ${values.join(', ')} FROM unnest(${arrays}) AS given (${list})`,
    columns.map((_, index) => rows.map((row) => row[index] ?? null)),
  );
}

/** @throws Error where the backup names a column that its own migrations do not make */
async function readTypes(
  client: Client,
  name: string,
  columns: readonly string[],
): Promise<string[]> {
  const { rows } = await client.query<{ column: string; type: string }>(
    `SELECT attname AS column, format_type(atttypid, atttypmod) AS type
     FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0`,
    [quote(name)],
  );
  return columns.map((column) => {
    const found = rows.find((row) => row.column === column);
    if (!found) throw new Error(`the backup has a column ${name}.${column} that is unknown here`);
    return found.type;
  });
}

async function moveSequences(client: Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    LIST_SEQUENCES,
  );
  for (const { table, column, sequence } of rows) {
    await client.query(
      `SELECT setval($1, greatest(1, max(${quote(column)})), max(${quote(column)}) IS NOT NULL)
       FROM ${quote(table)}`,
      [sequence],
    );
  }
}
