/** `Webhooks` in PostgreSQL: the table `webhooks`. */
import type { Webhook, WebhookSettings, Webhooks } from '../../events/webhooks.ts';
import type { Database, Statement } from '../database.ts';
import { OUTBOX_CHANNEL } from './post.ts';

const WEBHOOK = 'name, url, secret, is_enabled AS "isEnabled", wants, settings';

const FIND: Statement = {
  name: 'find-webhook',
  text: `SELECT ${WEBHOOK} FROM webhooks WHERE name = $1`,
};
const LIST: Statement = {
  name: 'list-webhooks',
  text: `SELECT ${WEBHOOK} FROM webhooks ORDER BY name`,
};
const RECORD: Statement = {
  name: 'record-webhook',
  text: `WITH recorded AS (
           INSERT INTO webhooks (name, url, secret, is_enabled, wants, settings)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (name) DO UPDATE
           SET url = excluded.url, secret = excluded.secret, is_enabled = excluded.is_enabled,
               wants = excluded.wants, settings = excluded.settings
           RETURNING name
         )
         SELECT pg_notify('${OUTBOX_CHANNEL}', '') FROM recorded`,
};
const DELETE: Statement = {
  name: 'delete-webhook',
  text: 'DELETE FROM webhooks WHERE name = $1 RETURNING name',
};

export class PostgresWebhooks implements Webhooks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(name: string): Promise<Webhook | undefined> {
    return (await this.#database.query<Row>(FIND, [name])).map(toWebhook)[0];
  }

  async list(): Promise<Webhook[]> {
    return (await this.#database.query<Row>(LIST)).map(toWebhook);
  }

  async record({ name, url, secret, isEnabled, wants, ...settings }: Webhook): Promise<void> {
    const texts = [wants, settings].map((part) => JSON.stringify(part));
    const values = [name, url, secret ?? null, isEnabled, ...texts];
    await this.#database.query(RECORD, values);
  }

  async delete(name: string): Promise<boolean> {
    return (await this.#database.query(DELETE, [name])).length > 0;
  }
}

type Row = Omit<Webhook, 'secret' | keyof WebhookSettings> & {
  readonly secret: string | null;
  readonly settings: WebhookSettings;
};

function toWebhook({ secret, settings, ...rest }: Row): Webhook {
  return { ...rest, ...settings, ...(secret === null ? {} : { secret }) };
}
