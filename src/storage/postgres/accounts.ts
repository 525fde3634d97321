/** `Accounts` in PostgreSQL: the tables `accounts` and `access_tokens`. */
import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import {
  ACCOUNT_KINDS,
  type AccessToken,
  type Account,
  type AccountPage,
  type Accounts,
} from '../accounts.ts';
import type { AccessTokenFact, AccountFact, Fact } from '../change-log.ts';
import type { Database, Statement } from './database.ts';
import { appendChanges } from './facts/append.ts';

const ACCOUNT = `name, kind, password_hash AS "passwordHash", is_disabled AS "isDisabled",
  tokens_valid_after AS "tokensValidAfter", grants, groups, expires_at AS "expiresAt", owner,
  subject, external_name AS "externalName"`;
const TOKEN = `id, account, label, secret_hash AS "secretHash", actions, patterns,
  expires_at AS "expiresAt"`;

const FIND_ACCOUNT: Statement = {
  name: 'find-account',
  text: `SELECT ${ACCOUNT} FROM accounts WHERE name = $1`,
};
const LIST_ACCOUNTS: Statement = {
  name: 'list-accounts',
  text: `SELECT ${ACCOUNT} FROM accounts
         WHERE name > $1 AND kind = ANY ($3) AND ($4::text IS NULL OR groups ? $4)
           AND ($5::text IS NULL OR owner = $5 OR starts_with(owner, $5 || '/'))
         ORDER BY name LIMIT $2`,
};
const FIND_SUBJECT: Statement = {
  name: 'find-account-of-subject',
  text: `SELECT ${ACCOUNT} FROM accounts WHERE subject = $1 ORDER BY name LIMIT 1`,
};
const FIND_TOKEN: Statement = {
  name: 'find-access-token',
  text: `SELECT ${TOKEN} FROM access_tokens WHERE id = $1`,
};
const LIST_TOKENS: Statement = {
  name: 'list-access-tokens',
  text: `SELECT ${TOKEN} FROM access_tokens WHERE account = $1 ORDER BY id`,
};

/** Whoever belonged to a group that is no more must not belong to its successor. */
const LEAVE_GROUP = `
  UPDATE accounts SET groups = nullif(groups - CAST(:name AS text), CAST('[]' AS jsonb))
  WHERE jsonb_exists(groups, :name)`;

/** Changes the row only where something in it differs, so that its count says whether it did. */
const WRITE_ACCOUNT = `
  INSERT INTO accounts AS old (name, kind, password_hash, is_disabled, tokens_valid_after, grants,
    groups, expires_at, owner, subject, external_name)
  VALUES (:name, :kind, :passwordHash, :isDisabled, :tokensValidAfter, :grants,
    :groups, :expiresAt, :owner, :subject, :externalName)
  ON CONFLICT (name) DO UPDATE SET
    kind = excluded.kind, password_hash = excluded.password_hash, grants = excluded.grants,
    is_disabled = excluded.is_disabled, tokens_valid_after = excluded.tokens_valid_after,
    groups = excluded.groups, expires_at = excluded.expires_at, owner = excluded.owner,
    subject = excluded.subject, external_name = excluded.external_name
  WHERE (old.*) IS DISTINCT FROM (excluded.*)`;
const WRITE_TOKEN = `
  INSERT INTO access_tokens AS old (id, account, label, secret_hash, actions, patterns, expires_at)
  VALUES (:id, :account, :label, :secretHash, :actions, :patterns, :expiresAt)
  ON CONFLICT (id) DO UPDATE SET
    account = excluded.account, label = excluded.label, secret_hash = excluded.secret_hash,
    actions = excluded.actions, patterns = excluded.patterns, expires_at = excluded.expires_at
  WHERE (old.*) IS DISTINCT FROM (excluded.*)`;

type AccountsFact = Extract<Fact, { kind: `account-${string}` | `access-token-${string}` }>;

export class PostgresAccounts implements Accounts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findAccount(name: string): Promise<Account | undefined> {
    const [account] = await this.#database.query<Account>(FIND_ACCOUNT, [name]);
    return account && withoutNulls(account);
  }

  async findAccountOf(subject: string): Promise<Account | undefined> {
    const [account] = await this.#database.query<Account>(FIND_SUBJECT, [subject]);
    return account && withoutNulls(account);
  }

  async listAccounts(page: AccountPage): Promise<Account[]> {
    const { after = '', limit, kinds = ACCOUNT_KINDS, memberOf = null, owner = null } = page;
    const values = [after, limit, kinds, memberOf, owner];
    return (await this.#database.query<Account>(LIST_ACCOUNTS, values)).map(withoutNulls);
  }

  recordAccount(account: Account, before?: Account | 'none'): Promise<boolean> {
    const fact = { kind: 'account-recorded', account: toFact(account) } as const;
    return this.#database.transaction(async (trx) => {
      const isAsRead = before === undefined || (await isAccount(trx, account.name, before));
      const isChanged = isAsRead && (await applyAccountFact(trx, fact));
      await appendChanges(trx, isChanged ? [fact] : []);
      return isAsRead;
    });
  }

  deleteAccount(name: string): Promise<boolean> {
    return this.#change({ kind: 'account-deleted', name });
  }

  async findAccessToken(id: string): Promise<AccessToken | undefined> {
    const [token] = await this.#database.query<AccessToken>(FIND_TOKEN, [id]);
    return token && withoutNulls(token);
  }

  async listAccessTokens(account: string): Promise<AccessToken[]> {
    return (await this.#database.query<AccessToken>(LIST_TOKENS, [account])).map(withoutNulls);
  }

  async recordAccessToken({ expiresAt, ...rest }: AccessToken): Promise<void> {
    const token = expiresAt ? { ...rest, expiresAt: expiresAt.toISOString() } : rest;
    await this.#change({ kind: 'access-token-recorded', token });
  }

  deleteAccessToken(id: string): Promise<boolean> {
    return this.#change({ kind: 'access-token-deleted', id });
  }

  /** @returns whether anything changed; then it is in the log. */
  #change(fact: AccountsFact): Promise<boolean> {
    return this.#database.transaction(async (trx) => {
      const isChanged = await applyAccountFact(trx, fact);
      await appendChanges(trx, isChanged ? [fact] : []);
      return isChanged;
    });
  }
}

/** As it travels. */
function toFact({ tokensValidAfter, expiresAt, ...rest }: Account): AccountFact {
  return {
    ...rest,
    tokensValidAfter: tokensValidAfter.toISOString(),
    ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}),
  };
}

/**
 * Whether the account still is what was read. Nobody else writes one until the commit: not only the
 * row is locked, since of an account that is not there is none.
 */
async function isAccount(
  trx: Knex.Transaction,
  name: string,
  before: Account | 'none',
): Promise<boolean> {
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`account ${name}`]);
  const { rows } = await trx.raw(`SELECT ${ACCOUNT} FROM accounts WHERE name = ? FOR UPDATE`, [
    name,
  ]);
  const now = rows[0] ? withoutNulls(rows[0]) : 'none';
  return isDeepStrictEqual(now, before);
}

/**
 * Writes a fact about an account or an access token. Idempotent. @returns whether it changed a row.
 */
export async function applyAccountFact(
  trx: Knex.Transaction,
  fact: AccountsFact,
): Promise<boolean> {
  switch (fact.kind) {
    case 'account-recorded':
      return writeAccount(trx, fact.account);
    case 'account-deleted':
      await trx.raw(LEAVE_GROUP, { name: fact.name });
      return (await trx('accounts').where({ name: fact.name }).delete()) > 0;
    case 'access-token-recorded':
      return writeToken(trx, fact.token);
    default:
      return (await trx('access_tokens').where({ id: fact.id }).delete()) > 0;
  }
}

async function writeAccount(trx: Knex.Transaction, account: AccountFact): Promise<boolean> {
  const { rowCount } = await trx.raw(WRITE_ACCOUNT, {
    ...account,
    passwordHash: account.passwordHash ?? null,
    grants: JSON.stringify(account.grants),
    groups: account.groups ? JSON.stringify(account.groups) : null,
    expiresAt: account.expiresAt ?? null,
    owner: account.owner ?? null,
    subject: account.subject ?? null,
    externalName: account.externalName ?? null,
  });
  return rowCount > 0;
}

async function writeToken(trx: Knex.Transaction, token: AccessTokenFact): Promise<boolean> {
  const { rowCount } = await trx.raw(WRITE_TOKEN, {
    ...token,
    actions: JSON.stringify(token.actions),
    patterns: JSON.stringify(token.patterns),
    expiresAt: token.expiresAt ?? null,
  });
  return rowCount > 0;
}

/** What a row holds no value of is absent in the port's words. */
function withoutNulls<Row extends object>(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row;
}
