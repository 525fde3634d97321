/**
 * Real PostgreSQL for tests: one server for the whole run, and for each caller a fresh database
 * that has all migrations. The server starts on first use and is stopped by the root hook.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../src/storage/postgres/embedded.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';

export interface TestDatabase {
  /** Where to connect to. */
  readonly url: string;
  /** Takes the database away, cutting what is still connected. */
  readonly drop: () => Promise<void>;
}

const TEMPLATE = 'migrated_template';
/** Nothing here outlives the run, so nothing needs to reach the disk. */
const CARELESS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

let server: Promise<EmbeddedPostgres> | undefined;
let databases = 0;

/** Gives an empty database that has all tables. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const { url } = await (server ??= startServer());
  const name = `test_${++databases}`;
  await run(url, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  return {
    url: nameDatabase(url, name),
    drop: () => run(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Stops the server where one was started. */
export async function closeTestServer(): Promise<void> {
  const started = server;
  server = undefined;
  await (await started)?.close();
}

async function startServer(): Promise<EmbeddedPostgres> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'meridian-test-'));
  process.once('exit', () => rmSync(dataDirectory, { recursive: true, force: true }));
  const log = pino({ level: 'silent' });
  const postgres = await EmbeddedPostgres.open({ dataDirectory, log, settings: CARELESS });
  await run(postgres.url, `CREATE DATABASE ${TEMPLATE}`);
  await migrate(nameDatabase(postgres.url, TEMPLATE));
  return postgres;
}

/** A connection for each: none is left that would keep the process from ending. */
async function run(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function nameDatabase(url: string, name: string): string {
  return url.replace('/postgres?', `/${name}?`);
}
