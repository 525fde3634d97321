/** `Policies` in PostgreSQL. */
import type { Knex } from 'knex';
import {
  MAX_POLICIES_PER_PATH,
  type Policy,
  type PolicyKey,
  type TreePath,
} from '../../../oci/lifecycle/policy.ts';
import type { Policies, PolicyOutcome, PolicyPage } from '../../lifecycle/policies.ts';
import type { Database, Statement } from '../database.ts';
import { appendChanges } from '../facts/append.ts';
import { deletePolicy, writePolicy } from './write-policies.ts';

const FIND: Statement = {
  name: 'find-policy',
  text: 'SELECT rule FROM policies WHERE path = $1 AND kind = $2 AND name = $3',
};
const LIST: Statement = {
  name: 'list-policies',
  text: `SELECT rule FROM policies
         WHERE (path, kind, name) > ($1, $2, $3) AND ($4::text IS NULL OR kind = $4)
           AND ($5::text IS NULL OR path = $5)
         ORDER BY path, kind, name LIMIT $6`,
};
const FIND_USAGE: Statement = {
  name: 'find-quota-usage',
  text: 'SELECT used_bytes AS "usedBytes" FROM quota_usages WHERE path = $1',
};
const COUNT_OTHERS = `
  SELECT count(*) AS others FROM policies
  WHERE path = :path AND kind = :kind AND name <> :name`;

/** Behind whoever waits for the lock alone all writes wait, too: not for longer than that. */
const LOCK_TIMEOUT_MS = 1500;

export class PostgresPolicies implements Policies {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find({ path, kind, name }: PolicyKey): Promise<Policy | undefined> {
    const rows = await this.#database.query<{ rule: Policy }>(FIND, [path, kind, name]);
    return rows[0]?.rule;
  }

  async list({ kind, path, after, limit }: PolicyPage): Promise<Policy[]> {
    const behind = [after?.path ?? '', after?.kind ?? '', after?.name ?? ''];
    const values = [...behind, kind ?? null, path ?? null, limit];
    const rows = await this.#database.query<{ rule: Policy }>(LIST, values);
    return rows.map(({ rule }) => rule);
  }

  record(policy: Policy): Promise<PolicyOutcome> {
    return this.#change(async (trx) => {
      const { rows } = await trx.raw(COUNT_OTHERS, { ...policy });
      const isGood = rows[0].others < MAX_POLICIES_PER_PATH;
      const isChanged = isGood && (await writePolicy(trx, policy));
      await appendChanges(trx, isChanged ? [{ kind: 'policy-recorded', policy }] : []);
      return { kind: isGood ? 'recorded' : 'too-many' };
    });
  }

  delete({ kind, path, name }: PolicyKey): Promise<boolean> {
    const policy = { kind, path, name };
    return this.#change(async (trx) => {
      const wasThere = await deletePolicy(trx, policy);
      await appendChanges(trx, wasThere ? [{ kind: 'policy-deleted', policy }] : []);
      return wasThere;
    });
  }

  async findUsage(path: TreePath): Promise<number | undefined> {
    const rows = await this.#database.query<{ usedBytes: number }>(FIND_USAGE, [path]);
    return rows[0]?.usedBytes;
  }

  /**
   * Alone: every write to a repository that was judged by the policies is over before.
   * @throws StorageUnavailable where one of them takes long, as a large move does
   */
  #change<Outcome>(work: (trx: Knex.Transaction) => Promise<Outcome>): Promise<Outcome> {
    return this.#database.transaction(async (trx) => {
      await trx.raw(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await trx.raw("SELECT pg_advisory_xact_lock(hashtextextended('policies', 0))");
      return work(trx);
    });
  }
}
