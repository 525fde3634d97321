/** `TreeChanges` in PostgreSQL. Locks come in this order: policies, groups, repositories, rows. */
import type { Knex } from 'knex';
import { type Actor, nameOf, requestOf } from '../../../../oci/events/actor.ts';
import type { Fact } from '../../../change-log.ts';
import type {
  CopyOutcome,
  DeletionOutcome,
  ImageCopy,
  MoveOutcome,
  TreeChanges,
  TreeDeletion,
  TreeMove,
} from '../../../tree/tree-changes.ts';
import type { Database } from '../../database.ts';
import { postDeeds } from '../../events/post.ts';
import { appendTold } from '../../facts/append.ts';
import { copyImage } from './copy.ts';
import { deleteTree } from './delete.ts';
import { leaseMove, moveTree } from './move.ts';
import { lockPolicies } from './policies.ts';
import type { Telling, Told } from './told.ts';

/** So many facts are appended in one statement: none may take too long. */
const MAX_FACTS = 5000;

export class PostgresTreeChanges implements TreeChanges {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  copy(copy: ImageCopy): Promise<CopyOutcome> {
    return this.#change(copy.actor, (trx) => copyImage(trx, copy));
  }

  delete(deletion: TreeDeletion): Promise<DeletionOutcome> {
    return this.#change(deletion.actor, (trx) => deleteTree(trx, deletion));
  }

  move(move: TreeMove): Promise<MoveOutcome> {
    return this.#change(move.actor, (trx) => moveTree(trx, move));
  }

  lease(move: TreeMove, until: Date): Promise<MoveOutcome> {
    return this.#change(move.actor, (trx) => leaseMove(trx, move, until));
  }

  /** One transaction; the log's rows come last. */
  #change<Outcome>(
    actor: Actor,
    work: (trx: Knex.Transaction) => Promise<Told<Outcome>>,
  ): Promise<Outcome> {
    return this.#database.transaction(async (trx) => {
      await lockPolicies(trx);
      const { outcome, told } = await work(trx);
      const acting = { request: requestOf(actor), actor: nameOf(actor) };
      for (const { facts, fromRepository } of told) {
        await postDeeds(trx, facts, { ...acting, fromRepository });
      }
      for (const facts of cut(told)) await appendTold(trx, facts);
      return outcome;
    });
  }
}

/**
 * Few statements, however many repositories there are: from the first one on all others wait who
 * write. At least one, if only of nothing.
 */
function cut(told: readonly Telling[]): Fact[][] {
  const all = told.flatMap(({ facts }) => facts);
  const starts = all.flatMap((_, nth) => (nth % MAX_FACTS === 0 ? [nth] : []));
  const parts = starts.map((start) => all.slice(start, start + MAX_FACTS));
  return parts.length > 0 ? parts : [[]];
}
