/** Brings the tables of a site up to date. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Knex } from 'knex';
import { Client } from 'pg';
import { migrations } from '../../../migrations/index.ts';
import { toFailure } from './failure.ts';

/** Any number that no other program takes for its advisory locks. */
const LOCK = 0x6d657269;
const CONNECT_TIMEOUT_MS = 5000;

/** SQLSTATE. */
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';

/** Names of all migrations, in the order in which they run. */
export const KNOWN_MIGRATIONS: readonly string[] = Object.keys(migrations);

/**
 * Runs the migrations that the database lacks. Any number of processes may start at once: one
 * migrates, the others wait. Idempotent. @throws StorageUnavailable
 *
 * @param names these alone: the set of an earlier version; all of them where nobody says
 */
export async function migrate(
  url: string,
  names: readonly string[] = KNOWN_MIGRATIONS,
): Promise<void> {
  const holder = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A holder that breaks makes the migration itself fail, which says it better.
  holder.on('error', () => {});
  try {
    await holder.connect();
    if (await isUpToDate(holder, names)) return;
    await holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await runMigrations(url, names);
  } catch (error) {
    throw toFailure(error);
  } finally {
    await holder.end().catch(() => {});
  }
}

/** Nearly every start finds nothing to do, and one query tells it so. */
async function isUpToDate(client: Client, names: readonly string[]): Promise<boolean> {
  const { rows: tables } = await client.query(`SELECT to_regclass('knex_migrations') AS name`);
  if (tables[0].name === null) return false;
  const { rows } = await client.query<{ name: string }>('SELECT name FROM knex_migrations');
  const done = new Set(rows.map(({ name }) => name));
  return names.every((name) => done.has(name));
}

/**
 * Loads what a migration needs and nearly no start does. Idempotent: whoever foresees a migration
 * calls it beforehand.
 */
export async function loadMigrator() {
  return (await import('knex')).default;
}

async function runMigrations(url: string, names: readonly string[]): Promise<void> {
  const knex = await loadMigrator();
  const database = knex({
    client: 'pg',
    connection: url,
    pool: { min: 0, max: 1, afterCreate: settle },
    log: SILENCE,
  });
  try {
    for (let tries = 1; ; tries += 1) {
      // We hold the real lock: knex's own is one that a killed process left behind.
      await database.migrate.forceFreeMigrationsLock();
      try {
        await database.migrate.latest({ migrationSource: sourceOf(names) });
        return;
      } catch (error) {
        if (tries === MOST_TRIES || !isInTheWay(error)) throw error;
        await wait(PAUSE_MS);
      }
    }
  } finally {
    await database.destroy();
  }
}

/** What goes wrong is thrown as well. */
const SILENCE = { error: () => {}, warn: () => {}, debug: () => {}, deprecate: () => {} };

/**
 * A migration takes tables one after the other while a version before serves. Where pushes hold
 * them in another order it must be the migration that gives up, well before PostgreSQL looks for
 * deadlocks (after 1 s) and ends whichever it likes. What was done is kept; the rest comes again.
 */
const LOCK_TIMEOUT_MS = 100;
const PAUSE_MS = 30;
const MOST_TRIES = 5000;

/**
 * Nor does a migration wait for the disk: what a crash takes away comes again with the next start,
 * since its mark is of the same transaction, and the first fact that is told to anybody is behind
 * them all in the log.
 */
const SETTINGS = `SET lock_timeout = ${LOCK_TIMEOUT_MS}; SET synchronous_commit = off`;

function settle(
  connection: { query(text: string, done: (error: Error | null) => void): void },
  done: (error: Error | null, connection: unknown) => void,
): void {
  connection.query(SETTINGS, (error) => done(error, connection));
}

function isInTheWay(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK;
}

function sourceOf(names: readonly string[]): Knex.MigrationSource<string> {
  return {
    getMigrations: async () => [...names],
    getMigrationName: (name) => name,
    getMigration: async (name) => migrations[name]!,
  };
}
