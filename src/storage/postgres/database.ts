/**
 * The door to PostgreSQL: one pool, its failures in the words of the ports.
 *
 * A database that goes away fails every call within seconds, and the first call after it is back
 * succeeds: nothing of the outage is remembered.
 */
import type { Knex } from 'knex';
import { type CustomTypesConfig, types as defaultTypes, Pool, type PoolClient } from 'pg';
import { StorageUnavailable } from '../failure.ts';
import { toFailure } from './failure.ts';

/** A statement that is prepared once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** How long its answer is waited for, in milliseconds, where that is longer than for others. */
  readonly query_timeout?: number;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connections of this process; several processes share the server's `max_connections`. */
  readonly poolSize?: number;
}

/** What knex would print is thrown as well, and logged once, where it ends. */
const SILENCE = { error: () => {}, warn: () => {}, debug: () => {}, deprecate: () => {} };

/** How long a call waits for a connection, and for the answer to a statement. */
const CONNECT_TIMEOUT_MS = 2500;
const QUERY_TIMEOUT_MS = 5000;

/**
 * Every statement of ours finds its rows by an index and takes them in its order. Young tables have
 * no statistics yet, and by guesses alone the planner would rather read and sort a whole table.
 */
const WALK_INDEXES = '-c enable_seqscan=off -c enable_bitmapscan=off';

/** Of options in the URL and beside it, `pg` takes those in the URL alone: so ours follow there. */
function withOptions(url: string): string {
  return url.replace(/[?&]options=[^&#]*/, `$&${encodeURIComponent(` ${WALK_INDEXES}`)}`);
}

/** Positions and sizes are below 2^53, so `bigint` is read as a number. */
const types: CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === defaultTypes.builtins.INT8 ? Number : defaultTypes.getTypeParser(oid, format),
};

export class Database {
  readonly url: string;
  readonly #pool: Pool;
  #knex: Promise<Knex> | undefined;

  private constructor(url: string, pool: Pool) {
    this.url = url;
    this.#pool = pool;
  }

  /** Opens the pool and proves that the server answers. @throws StorageUnavailable */
  static async open({ url, poolSize = 10 }: DatabaseOptions): Promise<Database> {
    const pool = new Pool({
      connectionString: withOptions(url),
      max: poolSize,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      options: WALK_INDEXES,
      types,
    });
    // A connection that breaks leaves the pool, and the statement under way, if any, rejects: that
    // is all that has to be done. Unheard, either event would end the process.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    const database = new Database(url, pool);
    try {
      await database.query({ name: 'open', text: 'SELECT 1' });
    } catch (error) {
      await database.close();
      throw error;
    }
    return database;
  }

  /** Runs one prepared statement by itself: the way of the hot reads. Values are `$1`, `$2`, … */
  async query<Row extends object>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>({ ...statement, values: [...values] })).rows;
    } catch (error) {
      throw toFailure(error);
    }
  }

  /** Runs queries that are built by knex, each by itself. */
  async run<Outcome>(work: (knex: Knex) => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work(await this.#loadKnex());
    } catch (error) {
      throw toFailure(error);
    }
  }

  /** One transaction (READ COMMITTED): committed when `work` resolves, undone when it rejects. */
  async transaction<Outcome>(work: (trx: Knex.Transaction) => Promise<Outcome>): Promise<Outcome> {
    const knex = await this.#loadKnex();
    const client = await this.#connect();
    let isBroken = false;
    try {
      return await knex.transaction(work, { connection: client });
    } catch (error) {
      const failure = toFailure(error);
      isBroken = failure instanceof StorageUnavailable;
      throw failure;
    } finally {
      client.release(isBroken);
    }
  }

  /** Waits for what is under way and closes all connections. */
  async close(): Promise<void> {
    await (await this.#knex)?.destroy();
    await this.#pool.end();
  }

  /** By the first write: a start reads only, and is sooner ready without. */
  #loadKnex(): Promise<Knex> {
    this.#knex ??= import('knex').then(
      ({ default: knex }) =>
        knex({ client: 'pg', connectionPool: this.#pool, log: SILENCE } as Knex.Config),
      (error: unknown) => {
        this.#knex = undefined;
        throw error;
      },
    );
    return this.#knex;
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw toFailure(error);
    }
  }
}
