/** `RefreshTokens` in PostgreSQL: the table `refresh_tokens`. */
import type { RefreshToken, RefreshTokens } from '../refresh-tokens.ts';
import type { Database, Statement } from './database.ts';

const RECORD: Statement = {
  name: 'record-refresh-token',
  text: `INSERT INTO refresh_tokens
           (secret_hash, family, account, access_token, service, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (secret_hash) DO NOTHING`,
};
const FIND: Statement = {
  name: 'find-refresh-token',
  text: `SELECT secret_hash AS "secretHash", family, account, access_token AS "accessToken",
           service, issued_at AS "issuedAt", expires_at AS "expiresAt"
         FROM refresh_tokens WHERE secret_hash = $1`,
};
const REVOKE_FAMILY: Statement = {
  name: 'revoke-family',
  text: 'DELETE FROM refresh_tokens WHERE family = $1',
};
const DELETE_EXPIRED: Statement = {
  name: 'delete-expired-refresh-tokens',
  text: 'DELETE FROM refresh_tokens WHERE expires_at <= $1 RETURNING 1',
};

type Row = Omit<RefreshToken, 'accessToken'> & { readonly accessToken: string | null };

export class PostgresRefreshTokens implements RefreshTokens {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async record(token: RefreshToken): Promise<void> {
    const { secretHash, family, account, accessToken = null, service, issuedAt, expiresAt } = token;
    const values = [secretHash, family, account, accessToken, service, issuedAt, expiresAt];
    await this.#database.query(RECORD, values);
  }

  async find(secretHash: string): Promise<RefreshToken | undefined> {
    const [row] = await this.#database.query<Row>(FIND, [secretHash]);
    if (!row) return undefined;
    const { accessToken, ...token } = row;
    return accessToken === null ? token : { ...token, accessToken };
  }

  async revokeFamily(family: string): Promise<void> {
    await this.#database.query(REVOKE_FAMILY, [family]);
  }

  async deleteExpired(now: Date): Promise<number> {
    return (await this.#database.query(DELETE_EXPIRED, [now])).length;
  }
}
