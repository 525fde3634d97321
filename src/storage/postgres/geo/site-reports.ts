/** `SiteReports` in PostgreSQL: the table `site_reports`, and a channel that tells each report. */
import { OVERTAKING_MS, type SiteReport, type SiteReports } from '../../geo/site-reports.ts';
import type { Database, Statement } from '../database.ts';
import { Listener } from '../listener.ts';
import { Together } from './together.ts';

const CHANNEL = 'site_reports';

const RECORD: Statement = {
  name: 'record-site-report',
  text: `WITH report AS (
           INSERT INTO site_reports AS last (site, heard_at, figures) VALUES ($1, $2, $3)
           ON CONFLICT (site) DO UPDATE
           SET heard_at = excluded.heard_at, figures = excluded.figures
           WHERE (excluded.figures->>'appliedPosition')::bigint
                   >= (last.figures->>'appliedPosition')::bigint
              OR excluded.heard_at >= last.heard_at + interval '${OVERTAKING_MS} milliseconds'
           RETURNING site
         )
         SELECT pg_notify('${CHANNEL}', site) FROM report`,
};
const FIND: Statement = {
  name: 'find-site-report',
  text: 'SELECT site, heard_at AS "heardAt", figures FROM site_reports WHERE site = $1',
};
const LIST: Statement = {
  name: 'list-site-reports',
  text: 'SELECT site, heard_at AS "heardAt", figures FROM site_reports ORDER BY site',
};
const DELETE: Statement = {
  name: 'delete-site-report',
  text: 'DELETE FROM site_reports WHERE site = $1',
};

export class PostgresSiteReports implements SiteReports {
  readonly #database: Database;
  readonly #listener: Listener;
  readonly #all: Together<'all', SiteReport[]>;

  constructor(database: Database) {
    this.#database = database;
    this.#all = new Together(() => database.query<SiteReport>(LIST));
    this.#listener = new Listener({ url: database.url, channel: CHANNEL });
  }

  async record({ site, heardAt, figures }: SiteReport): Promise<void> {
    await this.#database.query(RECORD, [site, heardAt, JSON.stringify(figures)]);
  }

  async find(site: string): Promise<SiteReport | undefined> {
    return (await this.#database.query<SiteReport>(FIND, [site]))[0];
  }

  list(): Promise<SiteReport[]> {
    return this.#all.ask('all');
  }

  async delete(site: string): Promise<void> {
    await this.#database.query(DELETE, [site]);
  }

  watch(listener: () => void): () => void {
    return this.#listener.add(listener);
  }
}
