/**
 * `Arrivals` in PostgreSQL: the tables `own_arrivals`, which a trigger fills in the transaction
 * that made a manifest whole, and `image_arrivals`. The channel tells both.
 */
import type { Digest } from '../../../oci/digest.ts';
import { completionOf, MAX_TAGS } from '../../../oci/events/event.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';
import type { Arrival, Arrivals } from '../../geo/arrivals.ts';
import type { Database, Statement } from '../database.ts';
import { postEvents } from '../events/post.ts';
import { Listener } from '../listener.ts';
import { Together } from './together.ts';

const CHANNEL = 'arrivals';

const LIST_UNTOLD: Statement = {
  name: 'list-untold-arrivals',
  text: `SELECT repository, digest, at FROM own_arrivals WHERE NOT is_told
         ORDER BY at, repository, digest LIMIT $1`,
};
const RECORD_TOLD: Statement = {
  name: 'record-told-arrivals',
  text: `UPDATE own_arrivals SET is_told = true
         FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS told (repository, digest, at)
         WHERE own_arrivals.repository = told.repository AND own_arrivals.digest = told.digest
           AND date_trunc('milliseconds', own_arrivals.at) = told.at AND NOT is_told`,
};
/** What was deleted meanwhile arrives nowhere. Gives what is new. */
const RECORD = `
  INSERT INTO image_arrivals AS arrival (repository, digest, site, at)
  SELECT DISTINCT ON (repository, digest, site) repository, digest, site, at
  FROM unnest(CAST(:repositories AS text[]), CAST(:digests AS text[]), CAST(:sites AS text[]),
              CAST(:times AS timestamptz[])) AS told (repository, digest, site, at)
  JOIN manifests USING (repository, digest)
  ORDER BY repository, digest, site, at
  ON CONFLICT DO NOTHING
  RETURNING repository, digest, site, at, clock_timestamp() AS "recordedAt", ARRAY(
    SELECT name FROM tags
    WHERE tags.repository = arrival.repository AND tags.digest = arrival.digest
    ORDER BY name LIMIT ${MAX_TAGS}) AS tags`;
const LIST_SITES: Statement = {
  name: 'list-arrival-sites',
  text: `SELECT site, repository, digest, at
         FROM image_arrivals JOIN unnest($1::text[], $2::text[]) AS wanted (repository, digest)
         USING (repository, digest) ORDER BY site`,
};

interface RecordedArrival extends Arrival {
  readonly recordedAt: Date;
  readonly tags: readonly Tag[];
}

export class PostgresArrivals implements Arrivals {
  readonly #database: Database;
  readonly #listener: Listener;
  readonly #sites: Together<Image, ReadonlyMap<string, Arrival[]>>;

  constructor(database: Database) {
    this.#database = database;
    this.#sites = new Together((images) => this.#listAll(images));
    this.#listener = new Listener({ url: database.url, channel: CHANNEL });
  }

  listUntold(limit: number): Promise<Omit<Arrival, 'site'>[]> {
    return this.#database.query<Omit<Arrival, 'site'>>(LIST_UNTOLD, [limit]);
  }

  async recordTold(arrivals: readonly Omit<Arrival, 'site'>[]): Promise<void> {
    await this.#database.query(RECORD_TOLD, [
      arrivals.map(({ repository }) => repository),
      arrivals.map(({ digest }) => digest),
      arrivals.map(({ at }) => at),
    ]);
  }

  async record(arrivals: readonly Arrival[]): Promise<void> {
    if (arrivals.length === 0) return;
    await this.#database.transaction(async (trx) => {
      const { rows } = await trx.raw<{ rows: RecordedArrival[] }>(RECORD, {
        repositories: arrivals.map(({ repository }) => repository),
        digests: arrivals.map(({ digest }) => digest),
        sites: arrivals.map(({ site }) => site),
        times: arrivals.map(({ at }) => at),
      });
      if (rows.length === 0) return;
      const events = rows.map(({ at, recordedAt, ...image }) =>
        completionOf({ ...image, arrivedAt: at.toISOString() }, recordedAt),
      );
      await postEvents(trx, events);
      await trx.raw(`SELECT pg_notify('${CHANNEL}', '')`);
    });
  }

  async listSites(repository: RepositoryName, digest: Digest): Promise<Arrival[]> {
    const image = { repository, digest };
    return (await this.#sites.ask(image)).get(keyOf(image)) ?? [];
  }

  watch(listener: () => void): () => void {
    return this.#listener.add(listener);
  }

  async #listAll(images: readonly Image[]): Promise<ReadonlyMap<string, Arrival[]>> {
    const asked = [...new Map(images.map((image) => [keyOf(image), image])).values()];
    const rows = await this.#database.query<Arrival>(LIST_SITES, [
      asked.map(({ repository }) => repository),
      asked.map(({ digest }) => digest),
    ]);
    const found = new Map(asked.map((image): [string, Arrival[]] => [keyOf(image), []]));
    for (const row of rows) found.get(keyOf(row))!.push(row);
    return found;
  }
}

type Image = Pick<Arrival, 'repository' | 'digest'>;

const keyOf = ({ repository, digest }: Image): string => `${repository}@${digest}`;
