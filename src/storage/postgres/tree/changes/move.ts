/** Repositories get other names, all of a tree or one alone. */
import type { Knex } from 'knex';
import { nameOf } from '../../../../oci/events/actor.ts';
import { parseRepositoryName, type RepositoryName } from '../../../../oci/reference.ts';
import {
  MAX_MOVED,
  type MoveOutcome,
  type NameMove,
  type TreeMove,
} from '../../../tree/tree-changes.ts';
import { deleteRepositories, lockLinked, writeRepositories } from '../../facts/repositories.ts';
import { carryOver, describeWhole } from './carry.ts';
import { listTree } from './delete.ts';
import { assertNotLeased, lockGroups, type NameLease, releaseLeases, writeLease } from './locks.ts';
import { assertMayCome, assertMayGo, assertRoom } from './policies.ts';
import type { Telling, Told } from './told.ts';

/** See `TreeChanges.move`. */
export async function moveTree(trx: Knex.Transaction, move: TreeMove): Promise<Told<MoveOutcome>> {
  const outcome = await plan(trx, move);
  if (outcome.kind !== 'moved') return { outcome, told: [] };
  const { names } = outcome;
  const [from, to] = [names.map((one) => one.from), names.map((one) => one.to)];
  await lockLinked(trx, from);
  await writeRepositories(trx, new Set(to));
  const told: Telling[] = [];
  for (const name of names) {
    await carryOver(trx, name);
    told.push(await tell(trx, name, nameOf(move.actor)));
  }
  await deleteRepositories(trx, from);
  await assertRoom(trx, names);
  await releaseLeases(trx, leaseOf(move));
  return { outcome, told };
}

/** See `TreeChanges.lease`. */
export async function leaseMove(
  trx: Knex.Transaction,
  move: TreeMove,
  until: Date,
): Promise<Told<MoveOutcome>> {
  const outcome = await plan(trx, move);
  if (outcome.kind === 'moved') await writeLease(trx, narrowLeaseOf(move, outcome.names), until);
  return { outcome, told: [] };
}

/** Under the locks of both groups: what comes of it now comes of it until the commit. */
async function plan(trx: Knex.Transaction, move: TreeMove): Promise<MoveOutcome> {
  await lockGroups(trx, [move.from, move.to]);
  await assertNotLeased(trx, leaseOf(move));
  const found = await findNames(trx, move);
  if (found.length === 0) return { kind: 'unknown' };
  const pairs = found.map((from) => ({ from, to: move.to + from.slice(move.from.length) }));
  const impossible = pairs.map(({ to }) => to).filter((name) => !parseRepositoryName(name));
  if (impossible.length > 0) return { kind: 'conflict', names: impossible };
  const names = pairs as NameMove[];
  if (!names.every(move.mayMove)) return { kind: 'denied' };
  if (await isTooMuch(trx, found)) return { kind: 'too-many', most: MAX_MOVED };
  const taken = await trx('repositories')
    .whereRaw('name = ANY (?)', [names.map(({ to }) => to)])
    .orderBy('name')
    .pluck<RepositoryName[]>('name');
  if (taken.length > 0) return { kind: 'conflict', names: taken };
  await assertMayGo(trx, found, move.actor);
  await assertMayCome(trx, names, move.actor);
  return { kind: 'moved', names };
}

function findNames(trx: Knex.Transaction, { from, isAlone }: TreeMove): Promise<RepositoryName[]> {
  return isAlone
    ? trx('repositories').where({ name: from }).pluck<RepositoryName[]>('name')
    : listTree(trx, from, MAX_MOVED.repositories + 1);
}

async function isTooMuch(
  trx: Knex.Transaction,
  names: readonly RepositoryName[],
): Promise<boolean> {
  if (names.length > MAX_MOVED.repositories) return true;
  const { rows } = await trx.raw(
    `SELECT count(*) FROM (
       SELECT FROM manifests WHERE repository = ANY (?) LIMIT ${MAX_MOVED.manifests + 1}
     ) AS counted`,
    [[...names]],
  );
  return rows[0].count > MAX_MOVED.manifests;
}

async function tell(
  trx: Knex.Transaction,
  { from, to }: NameMove,
  actor: string,
): Promise<Telling> {
  const facts = await describeWhole(trx, { from, to }, actor);
  const gone = { kind: 'repository-deleted', repository: from, actor, movedTo: to } as const;
  return { facts: [...facts, gone], fromRepository: from };
}

/** Names below a path are kept for those alone who have something there, which they may move. */
function narrowLeaseOf(move: TreeMove, names: readonly NameMove[]): NameLease {
  const isTree = !move.isAlone && names.some(({ from }) => from !== move.from);
  return { ...leaseOf(move), isTree };
}

function leaseOf({ from, to, isAlone, actor }: TreeMove): NameLease {
  return { paths: [from, to], isTree: !isAlone, actor: nameOf(actor) };
}
