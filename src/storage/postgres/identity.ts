/** `IdentityStore` in PostgreSQL: the tables `identity` and `upload_keys`. */
import type { Identity, IdentityStore, UploadKey } from '../identity.ts';
import type { Database, Statement } from './database.ts';

const FIND: Statement = {
  name: 'find-identity',
  text: 'SELECT cluster, site, private_key AS "privateKey" FROM identity',
};
const ESTABLISH: Statement = {
  name: 'establish-identity',
  text: `INSERT INTO identity (cluster, site, private_key) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING`,
};
const LIST_KEYS: Statement = {
  name: 'list-upload-keys',
  text: `SELECT kid, secret, created_at AS "createdAt" FROM upload_keys
         ORDER BY created_at DESC, kid`,
};
const RECORD_KEY: Statement = {
  name: 'record-upload-key',
  text: `INSERT INTO upload_keys (kid, secret, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (kid) DO NOTHING`,
};
const DELETE_KEY: Statement = {
  name: 'delete-upload-key',
  text: 'DELETE FROM upload_keys WHERE kid = $1',
};

export class PostgresIdentityStore implements IdentityStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(): Promise<Identity | undefined> {
    return (await this.#database.query<Identity>(FIND))[0];
  }

  async establish({ cluster, site, privateKey }: Identity): Promise<Identity> {
    // A machine that loses waits for the winner's commit, and then reads the winner's row.
    await this.#database.query(ESTABLISH, [cluster, site, privateKey]);
    return (await this.#database.query<Identity>(FIND))[0]!;
  }

  listUploadKeys(): Promise<UploadKey[]> {
    return this.#database.query<UploadKey>(LIST_KEYS);
  }

  async recordUploadKey({ kid, secret, createdAt }: UploadKey): Promise<void> {
    await this.#database.query(RECORD_KEY, [kid, secret, createdAt]);
  }

  async deleteUploadKey(kid: string): Promise<void> {
    await this.#database.query(DELETE_KEY, [kid]);
  }
}
