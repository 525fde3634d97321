/** `Leases` in PostgreSQL: one row each, by the server's clock. */
import type { Leases } from '../leases.ts';
import type { Database, Statement } from './database.ts';

const TAKE: Statement = {
  name: 'take-lease',
  text: `INSERT INTO leases (name, holder, until)
         VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE leases.holder = excluded.holder OR leases.until <= clock_timestamp()
         RETURNING name`,
};
/** Nobody waits for the disk: a release that a crash undoes is a lease that ends by itself. */
const RELEASE: Statement = {
  name: 'release-lease',
  text: `DELETE FROM leases
         USING (SELECT set_config('synchronous_commit', 'off', true)) AS lazily
         WHERE name = $1 AND holder = $2`,
};

export class PostgresLeases implements Leases {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async take(name: string, holder: string, forMs: number): Promise<boolean> {
    const rows = await this.#database.query(TAKE, [name, holder, forMs]);
    return rows.length === 1;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#database.query(RELEASE, [name, holder]);
  }
}
