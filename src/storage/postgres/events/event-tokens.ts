/** `EventTokens` in PostgreSQL: the only row of `event_token`. */
import type { EventTokens } from '../../events/event-tokens.ts';
import type { Database, Statement } from '../database.ts';

const FIND: Statement = { name: 'find-event-token', text: 'SELECT nonce FROM event_token' };
const ESTABLISH: Statement = {
  name: 'establish-event-token',
  text: 'INSERT INTO event_token (nonce) VALUES ($1) ON CONFLICT DO NOTHING',
};
const REPLACE: Statement = {
  name: 'replace-event-token',
  text: `INSERT INTO event_token (nonce) VALUES ($1)
         ON CONFLICT (is_only) DO UPDATE SET nonce = excluded.nonce`,
};

export class PostgresEventTokens implements EventTokens {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(): Promise<string | undefined> {
    return (await this.#database.query<{ nonce: string }>(FIND))[0]?.nonce;
  }

  async establish(nonce: string): Promise<string> {
    await this.#database.query(ESTABLISH, [nonce]);
    return (await this.find()) ?? nonce;
  }

  async replace(nonce: string): Promise<void> {
    await this.#database.query(REPLACE, [nonce]);
  }
}
