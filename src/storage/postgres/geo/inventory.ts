/** `Inventory` in PostgreSQL. */
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Holding, Inventory } from '../../geo/inventory.ts';
import type { Database, Statement } from '../database.ts';

/** One statement, hence one moment. */
const READ: Statement = {
  name: 'read-holding',
  text: `SELECT
    (SELECT coalesce(json_agg(json_build_object('digest', digest, 'mediaType', media_type)
       ORDER BY digest), '[]') FROM manifests WHERE repository = $1) AS manifests,
    (SELECT coalesce(json_agg(json_build_object('name', name, 'digest', digest)
       ORDER BY name), '[]') FROM tags WHERE repository = $1) AS tags,
    (SELECT coalesce(json_agg(json_build_object('digest', digest, 'sizeBytes', size_bytes)
       ORDER BY digest), '[]') FROM blob_links WHERE repository = $1) AS blobs`,
};

export class PostgresInventory implements Inventory {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async readHolding(repository: RepositoryName): Promise<Holding> {
    return (await this.#database.query<Holding>(READ, [repository]))[0]!;
  }
}
