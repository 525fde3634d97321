/**
 * How a proof of the primary becomes a moment on this database's clock.
 *
 * A proof was so many milliseconds old when it was handed over. The database says what time it is a
 * little later, so the time until its answer came is added to the age: the moment that is written
 * down may be too early by that little, and is never too late.
 */
import type { Knex } from 'knex';
import type { Proof } from '../../change-log.ts';
import type { Database, Statement } from '../database.ts';

const TIME: Statement = { name: 'time', text: 'SELECT clock_timestamp() AS now' };
const RECORD: Statement = {
  name: 'record-proof',
  text: `UPDATE log_head SET proven_at = greatest(proven_at, $2)
         WHERE role = 'secondary' AND position >= $1`,
};

interface LockedHead {
  readonly position: number;
  /** Of the given proof. */
  readonly provenAt: Date;
}

/**
 * At a secondary: locks the head of the log to the end of the transaction.
 * @throws Error at a primary
 */
export async function lockHead(trx: Knex.Transaction, proof?: Proof): Promise<LockedHead> {
  const askedMs = performance.now();
  const { rows } = await trx.raw(
    'SELECT position, role, clock_timestamp() AS now FROM log_head FOR UPDATE',
  );
  const { position, role, now } = rows[0];
  if (role === 'primary') throw new Error('a primary applies no changes of another site');
  return { position, provenAt: momentOf(proof?.ageMs ?? 0, now, askedMs) };
}

/** A process that led before must not undo what its successor applied. */
export function assertNoFurther(head: LockedHead, position: number): void {
  if (head.position <= position) return;
  throw new Error(`this site is at ${head.position}, behind ${position}: another process leads`);
}

/** In the transaction that brought the position of the proof, or found it here. */
export async function writeProof(
  trx: Knex.Transaction,
  { position }: Proof,
  provenAt: Date,
): Promise<void> {
  await trx.raw('UPDATE log_head SET proven_at = greatest(proven_at, ?) WHERE position >= ?', [
    provenAt,
    position,
  ]);
}

/** See `ChangeLog.recordProof`. */
export async function recordProof(database: Database, { position, ageMs }: Proof): Promise<void> {
  const askedMs = performance.now();
  const [row] = await database.query<{ now: Date }>(TIME);
  await database.query(RECORD, [position, momentOf(ageMs, row!.now, askedMs)]);
}

function momentOf(ageMs: number, now: Date, askedMs: number): Date {
  return new Date(Math.floor(now.getTime() - ageMs - (performance.now() - askedMs)));
}
