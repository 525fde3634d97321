/**
 * `ChangeLog` in PostgreSQL: the tables `log_head` and `changes`, and a channel that tells commits.
 */
import type { Knex } from 'knex';
import type { Change, ChangeLog, Fact, LogHead, Proof } from '../change-log.ts';
import type { Database, Statement } from './database.ts';
import { CHANNEL } from './facts/append.ts';
import { VERIFICATIONS } from './facts/blobs.ts';
import { writeFacts } from './facts/write-many.ts';
import { findPositionAt, readTail, trimLog } from './geo/log-tail.ts';
import { assertNoFurther, lockHead, recordProof, writeProof } from './geo/proofs.ts';
import { Listener } from './listener.ts';

const HEAD: Statement = {
  name: 'head',
  text: `SELECT position, CASE
           WHEN role = 'primary' THEN 0
           WHEN proven_at IS NOT NULL THEN
             greatest(0, extract(epoch FROM clock_timestamp() - proven_at) * 1000)::float8
         END AS "ageMs", repairs FROM log_head`,
};
const LIST: Statement = {
  name: 'list-changes',
  text: `SELECT position, epoch, at, fact FROM changes
         WHERE position > $1 ORDER BY position LIMIT $2`,
};
const WRITE_ROWS = `
  INSERT INTO changes (position, epoch, at, fact)
  SELECT * FROM unnest(CAST(:positions AS bigint[]), CAST(:epochs AS integer[]),
                       CAST(:times AS timestamptz[]), CAST(:facts AS json[]))`;

const CONTENTS: Statement = {
  name: 'list-contents',
  text: `SELECT repository, digest, content
         FROM manifests JOIN unnest($1::text[], $2::text[]) AS wanted (repository, digest)
         USING (repository, digest)`,
};

/**
 * A page with contents ends before it holds more bytes of them than this, but holds one at least.
 */
const MAX_CONTENT_BYTES = 16 * 1024 * 1024;

interface HeadRow {
  readonly position: number;
  readonly ageMs: number | null;
  readonly repairs: number;
}

export class PostgresChangeLog implements ChangeLog {
  readonly #database: Database;
  readonly #listener: Listener;
  /** The query that is under way, settled where none is. */
  #running: Promise<unknown> = Promise.resolve();
  /** The query that begins when it is done, where somebody waits for one. */
  #next: Promise<LogHead> | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.#listener = new Listener({ url: database.url, channel: CHANNEL });
  }

  async head(): Promise<number> {
    return (await this.readHead()).position;
  }

  readHead(): Promise<LogHead> {
    this.#next ??= this.#running.then(
      () => this.#startHead(),
      (error: unknown) => this.#failHead(error),
    );
    return this.#next;
  }

  async list(page: {
    readonly after: number;
    readonly limit: number;
    readonly withContent?: boolean;
  }): Promise<Change[]> {
    const changes = await this.#database.query<Change>(LIST, [page.after, page.limit]);
    return page.withContent ? this.#withContents(takeSome(changes)) : changes;
  }

  tail(): Promise<number> {
    return readTail(this.#database);
  }

  trim(upTo: number): Promise<number> {
    return trimLog(this.#database, upTo);
  }

  positionAt(time: Date): Promise<number> {
    return findPositionAt(this.#database, time);
  }

  watch(listener: () => void): () => void {
    return this.#listener.add(listener);
  }

  async apply(changes: readonly Change[], proof?: Proof): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await trx.raw(`SELECT pg_advisory_xact_lock(${VERIFICATIONS})`);
      // Locked to the commit: two that apply at once come one after the other.
      const head = await lockHead(trx, proof);
      const fresh = changes.filter(({ position }) => position > head.position);
      assertNoGap(fresh, head.position);
      if (fresh.length > 0) await writeChanges(trx, fresh);
      if (proof) await writeProof(trx, proof, head.provenAt);
    });
  }

  async recordProof(proof: Proof): Promise<void> {
    await recordProof(this.#database, proof);
  }

  async restartAt(position: number, epoch: number): Promise<void> {
    await this.#database.transaction(async (trx) => {
      assertNoFurther(await lockHead(trx), position);
      await trx.raw('TRUNCATE changes');
      // A purge may have been among what this site missed.
      await trx.raw('TRUNCATE cached_manifests, cached_parts, cached_tags');
      await moveHead(trx, { position, epoch });
    });
  }

  /** Stops watching. */
  async close(): Promise<void> {
    await this.#listener.close();
  }

  /** At most one query is under way; whoever comes meanwhile shares the next one. */
  async #startHead(): Promise<LogHead> {
    const query = this.#database.query<HeadRow>(HEAD);
    this.#running = query;
    // Who comes later asks again: nothing of a failure is remembered.
    query.catch(() => (this.#running = Promise.resolve()));
    this.#next = undefined;
    const { position, ageMs, repairs } = (await query)[0]!;
    const repaired = repairs > 0 ? { repairs } : {};
    return ageMs === null ? { position, ...repaired } : { position, ageMs, ...repaired };
  }

  /** Who waited behind a query that failed has waited long enough, and fails with it. */
  #failHead(error: unknown): never {
    this.#next = undefined;
    throw error;
  }

  async #withContents(changes: readonly Change[]): Promise<Change[]> {
    const facts = changes.map(({ fact }) => fact).filter(isRecorded);
    const rows = await this.#database.query<Content>(CONTENTS, [
      facts.map(({ repository }) => repository),
      facts.map(({ digest }) => digest),
    ]);
    const contents = new Map(rows.map((row) => [`${row.repository}@${row.digest}`, row.content]));
    return changes.map((change) => withContent(change, contents));
  }
}

type RecordedFact = Extract<Fact, { kind: 'manifest-recorded' }>;

interface Content {
  readonly repository: string;
  readonly digest: string;
  readonly content: Buffer;
}

function isRecorded(fact: Fact): fact is RecordedFact {
  return fact.kind === 'manifest-recorded';
}

function withContent(change: Change, contents: ReadonlyMap<string, Buffer>): Change {
  if (!isRecorded(change.fact)) return change;
  const content = contents.get(`${change.fact.repository}@${change.fact.digest}`);
  if (!content) return change;
  return { ...change, fact: { ...change.fact, content: content.toString('base64') } };
}

/** The first changes, as many as have their contents in one page. */
function takeSome(changes: readonly Change[]): Change[] {
  let bytes = 0;
  const end = changes.findIndex(({ fact }, index) => {
    bytes += isRecorded(fact) ? fact.sizeBytes : 0;
    return index > 0 && bytes > MAX_CONTENT_BYTES;
  });
  return end === -1 ? [...changes] : changes.slice(0, end);
}

function assertNoGap(changes: readonly Change[], head: number): void {
  const isWhole = changes.every(({ position }, index) => position === head + index + 1);
  if (!isWhole) throw new Error(`the changes do not follow position ${head} without a gap`);
}

async function writeChanges(trx: Knex.Transaction, changes: readonly Change[]): Promise<void> {
  await writeFacts(
    trx,
    changes.map(({ fact }) => fact),
  );
  await trx.raw(WRITE_ROWS, {
    positions: changes.map(({ position }) => position),
    epochs: changes.map(({ epoch }) => epoch),
    times: changes.map(({ at }) => at),
    facts: changes.map(({ fact }) => JSON.stringify(bare(fact))),
  });
  await moveHead(trx, changes.at(-1)!);
}

async function moveHead(
  trx: Knex.Transaction,
  { position, epoch }: Pick<Change, 'position' | 'epoch'>,
): Promise<void> {
  await trx.raw('UPDATE log_head SET position = ?, epoch = greatest(epoch, ?)', [position, epoch]);
  await trx.raw('SELECT pg_notify(?, ?)', [CHANNEL, String(position)]);
}

/** The bytes of a manifest stay with the manifest; the log only names it. */
function bare(fact: Fact): Fact {
  if (!isRecorded(fact)) return fact;
  const { content: _, ...rest } = fact;
  return rest;
}
