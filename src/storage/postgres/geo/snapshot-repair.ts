/** How rows are read at an exact position of the log, and set right beside it. */
import type { Knex } from 'knex';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import {
  compareRows,
  type Difference,
  type KeyRange,
  type PlacedPage,
  type Repair,
  removalOf,
  type SnapshotKey,
  type SnapshotPart,
  type SnapshotRow,
} from '../../geo/snapshot.ts';
import { CHANNEL } from '../facts/append.ts';
import { VERIFICATIONS } from '../facts/blobs.ts';
import { rewriteManifest, writeTags } from '../facts/manifests.ts';
import { toRecord } from '../facts/recorded.ts';
import { writeRepository } from '../facts/repositories.ts';
import { writeFact } from '../facts/write.ts';
import { lockHead } from './proofs.ts';
import { PAGE_BYTES, PAGE_ROWS, PARTS } from './snapshot-parts.ts';
import { boundsOf, isInRange, stopWalking, walkKeys } from './stretches.ts';

/** More changes between the primary's page and this site than that: the page is too old. */
const MAX_CHANGES = 1000;

const UNSURE: Repair = { differences: [], isSettled: false };

interface Found {
  readonly rows: SnapshotRow[];
  readonly position: number;
  /** Where the rows end before the range does. */
  readonly through?: SnapshotKey;
}

/** One statement, hence one moment: the rows are as the facts up to that position made them. */
export async function readRows(
  knex: Knex,
  part: SnapshotPart,
  { range, limit = PAGE_ROWS }: { readonly range: KeyRange; readonly limit?: number },
): Promise<Found> {
  const { sql, key, toFact } = PARTS[part];
  const page = sql.replace('{range}', `WHERE ${isInRange(key)}`);
  const found = await knex.raw(
    `SELECT page.*, head.position AS head_position FROM log_head AS head
     LEFT JOIN (SELECT * FROM (${page}) AS rows_of LIMIT ${limit}) AS page ON true
     ORDER BY ${key.map((column) => `page.${column}`).join(', ')}`,
    boundsOf(key, range),
  );
  const columns: Row[] = found.rows.filter((row: Row) => row[key[0]!] !== null).map(withoutHead);
  const bytes = columns.reduce((sum, row) => sum + Number(row['sizeBytes'] ?? 0), 0);
  const rows: SnapshotRow[] = columns.map((row) => ({
    key: key.map((column) => String(row[column])),
    ...(toFact ? { fact: toFact(row as never) } : {}),
  }));
  // A page of manifests may have ended by its bytes.
  const isWhole = rows.length < limit && (part !== 'manifests' || bytes < PAGE_BYTES);
  const position: number = found.rows[0].head_position;
  return { rows, position, ...(isWhole ? {} : { through: rows.at(-1)!.key }) };
}

type Row = Readonly<Record<string, unknown>>;

function withoutHead(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([column]) => column !== 'head_position'));
}

/** See `Snapshot.repair`. */
export async function repairRange(trx: Knex.Transaction, page: PlacedPage): Promise<Repair> {
  // In the order in which an apply locks.
  await trx.raw(`SELECT pg_advisory_xact_lock(${VERIFICATIONS})`);
  const { position } = await lockHead(trx);
  const facts = await listFacts(trx, page.position, position);
  if (!facts) return UNSURE;
  await walkKeys(trx);
  const { rows: own, through } = await readRows(trx, page.part, { range: page });
  await stopWalking(trx);
  // Where this site has more rows than are read at once, only what they reach to is judged.
  const last = through?.join(' ');
  const rows =
    last === undefined ? page.rows : page.rows.filter(({ key }) => key.join(' ') <= last);
  const { differences, isSure } = compareRows({ ...page, rows }, own, facts);
  const byKey = new Map(page.rows.map((row) => [row.key.join(' '), row]));
  for (const difference of differences) {
    await setRight(trx, page.part, { difference, row: byKey.get(difference.key.join(' ')) });
  }
  if (differences.length > 0) {
    await trx.raw('UPDATE log_head SET repairs = repairs + 1');
    await trx.raw('SELECT pg_notify(?, ?)', [CHANNEL, String(position)]);
  }
  return { differences, isSettled: isSure && last === undefined };
}

/** What was applied here behind a position; `undefined` where that is not known to the full. */
async function listFacts(
  trx: Knex.Transaction,
  after: number,
  head: number,
): Promise<Fact[] | undefined> {
  const count = head - after;
  if (count < 0 || count > MAX_CHANGES) return undefined;
  const { rows } = await trx.raw('SELECT fact FROM changes WHERE position > ? ORDER BY position', [
    after,
  ]);
  return rows.length === count ? rows.map(({ fact }: { fact: Fact }) => fact) : undefined;
}

async function setRight(
  trx: Knex.Transaction,
  part: SnapshotPart,
  { difference, row }: { readonly difference: Difference; readonly row: SnapshotRow | undefined },
): Promise<void> {
  const { key, kind } = difference;
  const fact = row?.fact as Fact | undefined;
  if (kind === 'wrong' && part === 'manifests' && fact?.kind === 'manifest-recorded') {
    // It stays where it is: its tags would go with it.
    const what = toRecord(fact, fact.content ?? '');
    return rewriteManifest(trx, { repository: fact.repository, what });
  }
  // Of a link nothing is ever written over.
  if (kind === 'extra' || part === 'links') await writeFact(trx, removalOf(part, key));
  if (row) await writeRow(trx, part, row);
}

/** A tag whose manifest is not here is passed over. */
export async function writeRow(
  trx: Knex.Transaction,
  part: SnapshotPart,
  { key, fact }: SnapshotRow,
): Promise<void> {
  if (!fact) await writeRepository(trx, key[0] as RepositoryName);
  else if (part === 'tags') await writeTagRow(trx, fact as Fact);
  else await writeFact(trx, fact as Fact);
}

async function writeTagRow(trx: Knex.Transaction, fact: Fact): Promise<void> {
  if (fact.kind !== 'manifest-recorded') return;
  const { repository, digest, tags, actor, pushedAt } = fact;
  const found = await trx('manifests').select('digest').where({ repository, digest }).first();
  if (!found) return;
  await writeTags(trx, { repository, what: { tags, digest } });
  if (pushedAt === undefined) return;
  const pushed = { pushed_at: pushedAt, pushed_by: actor };
  await trx('tags').where({ repository }).whereIn('name', tags).update(pushed);
}
