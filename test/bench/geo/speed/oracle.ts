/**
 * How far a secondary really is, computed from the two databases and the files under way, beside
 * what the site says of itself. What is read a moment before and a moment after what it says
 * encloses what was true when it said so.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { SiteFigures } from '../../../../src/storage/geo/site-reports.ts';
import { readStatus } from '../sites/status.ts';
import type { GeoSite } from '../stand.ts';

/** Both ends are true: of the moment before and of the moment after. */
interface Span {
  readonly least: number;
  readonly most: number;
}

export interface Sample {
  readonly atMs: number;
  readonly said: SiteFigures;
  /** How far what it said is off; seconds, seconds, and a share of the truth. */
  readonly lagError: number;
  readonly oldestError: number;
  readonly bytesError: number;
}

interface Truth {
  readonly lagSeconds: number;
  readonly oldestSeconds: number;
  /** With and without what lies in stagings, which nobody has proven yet. */
  readonly bytes: Span;
}

const POSITION = 'SELECT position::float8 AS value FROM log_head';
const NEXT = `
  SELECT extract(epoch FROM clock_timestamp() - at)::float8 AS value
  FROM changes WHERE position = $1 + 1`;
const LINKED = `
  SELECT coalesce(sum(size_bytes), 0)::float8 AS value FROM blobs WHERE is_linked`;
const VERIFIED = `
  SELECT coalesce(sum(size_bytes), 0)::float8 AS value
  FROM blobs WHERE is_linked AND verified_at IS NOT NULL`;
const LINKS = `
  SELECT position::float8 AS position, fact->>'digest' AS digest,
         extract(epoch FROM at)::float8 AS at
  FROM changes WHERE position > $1 AND fact->>'kind' = 'blob-linked' ORDER BY position`;
const LACKING = 'SELECT digest FROM blobs WHERE is_linked AND verified_at IS NULL';

export class Oracle implements AsyncDisposable {
  readonly #site: GeoSite;
  readonly #there: Client;
  readonly #here: Client;
  /** When each blob was first linked at the primary, in seconds. */
  readonly #linkedAt = new Map<string, number>();
  #heardTo = 0;

  private constructor(primary: GeoSite, site: GeoSite) {
    this.#site = site;
    this.#there = new Client({ connectionString: primary.databaseUrl });
    this.#here = new Client({ connectionString: site.databaseUrl });
  }

  static async open(primary: GeoSite, site: GeoSite): Promise<Oracle> {
    const oracle = new Oracle(primary, site);
    await Promise.all([oracle.#there.connect(), oracle.#here.connect()]);
    return oracle;
  }

  /** Asks the site how it is, and compares. */
  async compare(): Promise<Sample> {
    const before = await this.#read();
    const said = await readStatus(this.#site);
    const atMs = performance.now();
    const after = await this.#read();
    const bytes = {
      least: Math.min(before.bytes.least, after.bytes.least),
      most: Math.max(before.bytes.most, after.bytes.most),
    };
    const off = distance(said.bytesBehind, bytes);
    return {
      atMs,
      said,
      lagError: distance(said.lagSeconds ?? 1e9, spanOf(before.lagSeconds, after.lagSeconds)),
      oldestError: distance(
        said.oldestUnreplicatedSeconds ?? 0,
        spanOf(before.oldestSeconds, after.oldestSeconds),
      ),
      bytesError: off === 0 ? 0 : off / Math.max(bytes.least, 1),
    };
  }

  /** Digests that were verified at the site at least so many seconds ago. */
  async listVerified(seconds: number): Promise<string[]> {
    const text = `
      SELECT digest FROM blobs
      WHERE verified_at < now() - $1 * interval '1 second' AND size_bytes > 1000000`;
    const { rows } = await this.#here.query<{ digest: string }>(text, [seconds]);
    return rows.map(({ digest }) => digest);
  }

  async #read(): Promise<Truth> {
    const [position, verified, staged] = await Promise.all([
      readValue(this.#here, POSITION),
      readValue(this.#here, VERIFIED),
      this.#measureStagings(),
    ]);
    const [lagSeconds, linked] = await Promise.all([
      readValue(this.#there, NEXT, [position]),
      readValue(this.#there, LINKED),
    ]);
    const most = linked - verified;
    const bytes = { least: Math.max(most - staged, 0), most };
    return { lagSeconds, bytes, oldestSeconds: await this.#findOldest() };
  }

  async #findOldest(): Promise<number> {
    const { rows: links } = await this.#there.query<{
      position: number;
      digest: string;
      at: number;
    }>(LINKS, [this.#heardTo]);
    for (const { position, digest, at } of links) {
      this.#heardTo = position;
      if (!this.#linkedAt.has(digest)) this.#linkedAt.set(digest, at);
    }
    const { rows } = await this.#here.query<{ digest: string }>(LACKING);
    const times = rows.map(({ digest }) => this.#linkedAt.get(digest) ?? Number.POSITIVE_INFINITY);
    const oldest = times.reduce((least, time) => Math.min(least, time), Date.now() / 1000);
    return Date.now() / 1000 - oldest;
  }

  async #measureStagings(): Promise<number> {
    const folder = join(this.#site.data, 'content', 'staging');
    const names = await readdir(folder);
    const sizes = await Promise.all(
      names.map((name) =>
        stat(join(folder, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#here.end(), this.#there.end()]);
  }
}

async function readValue(client: Client, text: string, values: unknown[] = []): Promise<number> {
  const { rows } = await client.query<{ value: number }>(text, values);
  return rows[0]?.value ?? 0;
}

function spanOf(one: number, other: number): Span {
  return { least: Math.min(one, other), most: Math.max(one, other) };
}

function distance(value: number, { least, most }: Span): number {
  return Math.max(least - value, value - most, 0);
}
