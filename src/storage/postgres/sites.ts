/** `Sites` in PostgreSQL: the tables `sites` and `invitations`, and the role in `log_head`. */
import type { Knex } from 'knex';
import type { Fact, SiteFact } from '../change-log.ts';
import type { Invitation, Role, Site, Sites } from '../sites.ts';
import type { Database, Statement } from './database.ts';
import { appendChanges } from './facts/append.ts';

const GET_ROLE: Statement = { name: 'get-role', text: 'SELECT role, epoch FROM log_head' };
const RECORD_ROLE: Statement = {
  name: 'record-role',
  text: 'UPDATE log_head SET role = $1, epoch = $2 WHERE epoch <= $2',
};
const SITE = 'name, url, public_key AS "publicKey", place, is_paused AS "isPaused"';
const FIND: Statement = {
  name: 'find-site',
  text: `SELECT ${SITE} FROM sites WHERE name = $1`,
};
const LIST: Statement = {
  name: 'list-sites',
  text: `SELECT ${SITE} FROM sites ORDER BY name`,
};
const RECORD_INVITATION: Statement = {
  name: 'record-invitation',
  text: `INSERT INTO invitations (token_hash, site, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (token_hash) DO NOTHING`,
};
const TAKE_INVITATION: Statement = {
  name: 'take-invitation',
  text: `DELETE FROM invitations WHERE token_hash = $1
         RETURNING site, token_hash AS "tokenHash", expires_at AS "expiresAt"`,
};

/** Changes the row only where something in it differs, so that its count says whether it did. */
const WRITE_SITE = `
  INSERT INTO sites AS old (name, url, public_key, place, is_paused)
  VALUES (:name, :url, :publicKey, :place, :isPaused)
  ON CONFLICT (name) DO UPDATE SET url = excluded.url, public_key = excluded.public_key,
    place = excluded.place, is_paused = excluded.is_paused
  WHERE (old.*) IS DISTINCT FROM (excluded.*)`;

/** So many at a time as a statement has time for; `:publicKey` is null for a site that goes. */
const FORGOTTEN_AT_ONCE = 20_000;
const FORGET_ARRIVALS = `
  DELETE FROM image_arrivals WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM image_arrivals WHERE site = :name AND NOT EXISTS (
      SELECT FROM sites WHERE name = :name AND public_key = CAST(:publicKey AS jsonb))
    LIMIT ${FORGOTTEN_AT_ONCE}))`;

type SitesFact = Extract<Fact, { kind: 'site-recorded' | 'site-deleted' }>;

interface Row extends Omit<Site, 'place' | 'isPaused'> {
  readonly place: Site['place'] | null;
  readonly isPaused: boolean;
}

export class PostgresSites implements Sites {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async getRole(): Promise<{ readonly role: Role; readonly epoch: number }> {
    const rows = await this.#database.query<{ role: Role; epoch: number }>(GET_ROLE);
    return rows[0]!;
  }

  async recordRole(role: Role, epoch: number): Promise<void> {
    await this.#database.query(RECORD_ROLE, [role, epoch]);
  }

  async findSite(name: string): Promise<Site | undefined> {
    const [row] = await this.#database.query<Row>(FIND, [name]);
    return row && toSite(row);
  }

  async listSites(): Promise<Site[]> {
    return (await this.#database.query<Row>(LIST)).map(toSite);
  }

  async recordSite(site: Site): Promise<void> {
    await this.#change({ kind: 'site-recorded', site });
  }

  changeSite(name: string, change: (site: Site) => Site): Promise<boolean> {
    return this.#database.transaction(async (trx) => {
      const { rows } = await trx.raw(`SELECT ${SITE} FROM sites WHERE name = ? FOR UPDATE`, [name]);
      const [row] = rows as Row[];
      const facts: SitesFact[] = row ? [{ kind: 'site-recorded', site: change(toSite(row)) }] : [];
      const isChanged = facts.length > 0 && (await applySiteFact(trx, facts[0]!));
      await appendChanges(trx, isChanged ? facts : []);
      return row !== undefined;
    });
  }

  deleteSite(name: string): Promise<boolean> {
    return this.#change({ kind: 'site-deleted', name });
  }

  async recordInvitation({ site, tokenHash, expiresAt }: Invitation): Promise<void> {
    await this.#database.query(RECORD_INVITATION, [tokenHash, site, expiresAt]);
  }

  async takeInvitation(tokenHash: string): Promise<Invitation | undefined> {
    return (await this.#database.query<Invitation>(TAKE_INVITATION, [tokenHash]))[0];
  }

  /** @returns whether anything changed; then it is in the log. */
  #change(fact: SitesFact): Promise<boolean> {
    return this.#database.transaction(async (trx) => {
      const isChanged = await applySiteFact(trx, fact);
      await appendChanges(trx, isChanged ? [fact] : []);
      return isChanged;
    });
  }
}

/** Writes a fact about a site. Idempotent. @returns whether it changed a row. */
export async function applySiteFact(trx: Knex.Transaction, fact: SitesFact): Promise<boolean> {
  if (fact.kind === 'site-recorded') return writeSite(trx, fact.site);
  await forgetArrivals(trx, fact.name, null);
  return (await trx('sites').where({ name: fact.name }).delete()) > 0;
}

async function writeSite(trx: Knex.Transaction, site: SiteFact): Promise<boolean> {
  const publicKey = JSON.stringify(site.publicKey);
  await forgetArrivals(trx, site.name, publicKey);
  const { rowCount } = await trx.raw(WRITE_SITE, {
    ...site,
    publicKey,
    place: site.place ? JSON.stringify(site.place) : null,
    isPaused: site.isPaused ?? false,
  });
  return rowCount > 0;
}

/** Unless the site has this key already: who comes with another one begins empty. */
async function forgetArrivals(
  trx: Knex.Transaction,
  name: string,
  publicKey: string | null,
): Promise<void> {
  for (let count = FORGOTTEN_AT_ONCE; count === FORGOTTEN_AT_ONCE; ) {
    ({ rowCount: count } = await trx.raw(FORGET_ARRIVALS, { name, publicKey }));
  }
}

/** What a site has not, or is not, is absent in the port's words. */
function toSite({ place, isPaused, ...site }: Row): Site {
  return { ...site, ...(place ? { place } : {}), ...(isPaused ? { isPaused } : {}) };
}
