/** `Replicas` in PostgreSQL: the column `verified_at` of the table `blobs`. */
import type { Digest } from '../../oci/digest.ts';
import type { Replicas, WantedBlob } from '../geo/replicas.ts';
import type { Database, Statement } from './database.ts';

const LIST_WANTED: Statement = {
  name: 'list-wanted',
  text: `SELECT blobs.digest, blobs.size_bytes AS "sizeBytes", holder.repository
         FROM blobs
         CROSS JOIN LATERAL (
           SELECT repository FROM blob_links WHERE blob_links.digest = blobs.digest
           ORDER BY repository LIMIT 1
         ) AS holder
         WHERE blobs.verified_at IS NULL AND blobs.digest > $1
         ORDER BY blobs.digest LIMIT $2`,
};
const RECORD_VERIFIED: Statement = {
  name: 'record-verified',
  text: `INSERT INTO blobs (digest, verified_at) VALUES ($1, $2)
         ON CONFLICT (digest) DO UPDATE SET verified_at = excluded.verified_at`,
};
const RECORD_LOST: Statement = {
  name: 'record-lost',
  text: 'UPDATE blobs SET verified_at = NULL WHERE digest = $1',
};
const FIND_VERIFIED: Statement = {
  name: 'find-verified',
  text: `SELECT verified_at AS "verifiedAt" FROM blobs
         WHERE digest = $1 AND verified_at IS NOT NULL`,
};

export class PostgresReplicas implements Replicas {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  listWanted(page: { readonly after?: Digest; readonly limit: number }): Promise<WantedBlob[]> {
    return this.#database.query<WantedBlob>(LIST_WANTED, [page.after ?? '', page.limit]);
  }

  async recordVerified(digest: Digest, at: Date): Promise<void> {
    await this.#database.query(RECORD_VERIFIED, [digest, at]);
  }

  async recordLost(digest: Digest): Promise<void> {
    await this.#database.query(RECORD_LOST, [digest]);
  }

  async findVerified(digest: Digest): Promise<Date | undefined> {
    const rows = await this.#database.query<{ verifiedAt: Date }>(FIND_VERIFIED, [digest]);
    return rows[0]?.verifiedAt;
  }
}
