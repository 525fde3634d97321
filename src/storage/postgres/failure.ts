/** What PostgreSQL's failures mean to us; the one place that knows. */
import { NameLeased, StorageFull, StorageUnavailable, TextRefused } from '../failure.ts';

/**
 * SQLSTATE of what may work a moment later: connections (08), transactions that were in each
 * other's way (40), too many connections (53), shutdown and restart (57), a read-only standby
 * (25006), and a lock that was waited for too long (55P03).
 */
const PASSING = /^(?:08|40|53|57)|^(?:25006|55P03)$/;
const DISK_FULL = '53100';
/** A NUL, or what is no UTF-8: of a parameter (22021), or in a value of JSON (22P05). */
const NO_TEXT = /^(?:22021|22P05)$/;
/** Raised by `lock_name`; its detail says until when. */
const LEASED = 'MN001';

const NO_TEXT_SENTENCE = 'a text has a character that cannot be kept, such as NUL';

/** What the socket says, and what `pg` says when it has no connection. */
const SOCKET = /^E(?:CONN|PIPE|NOENT|HOST|NET|TIMEDOUT|AI_AGAIN|NOTFOUND|ADDR)/;
const SENTENCES =
  /timeout exceeded|Query read timeout|Connection terminated|not queryable|after calling end/;

/** The error that the port speaks of, or the same error where it is a mistake of ours. */
export function toFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === LEASED && 'detail' in error) return new NameLeased(new Date(String(error.detail)));
  if (code === DISK_FULL) return new StorageFull('the database is full', { cause: error });
  if (NO_TEXT.test(code)) return new TextRefused(NO_TEXT_SENTENCE, { cause: error });
  if (!PASSING.test(code) && !SOCKET.test(code) && !SENTENCES.test(error.message)) return error;
  return new StorageUnavailable('the database is away', { cause: error });
}
