/**
 * `Replicas` in PostgreSQL: the column `verified_at` of the table `blobs`. What follows from it for
 * the manifests, the arrivals and the counts is kept by triggers (migrations 0012 and 0014).
 */
import type { Digest } from '../../oci/digest.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { BytesRemoved } from '../failure.ts';
import type { Lack, ReplicaCounts, Replicas, WantedBlob } from '../geo/replicas.ts';
import type { Database, Statement } from './database.ts';
import { VERIFICATIONS } from './facts/blobs.ts';

const LIST_WANTED: Statement = {
  name: 'list-wanted',
  text: `SELECT blobs.digest, blobs.size_bytes AS "sizeBytes", holder.repository,
                blobs.heard_at AS since
         FROM blobs
         CROSS JOIN LATERAL (
           SELECT repository FROM blob_links
           WHERE blob_links.digest = blobs.digest AND ($3::text IS NULL OR repository ~ $3)
           ORDER BY repository LIMIT 1
         ) AS holder
         WHERE blobs.verified_at IS NULL AND blobs.digest > $1
         ORDER BY blobs.digest LIMIT $2`,
};
const LIST_VERIFIED_BEFORE: Statement = {
  name: 'list-verified-before',
  text: `SELECT digest FROM blobs
         WHERE verified_at IS NOT NULL AND is_linked AND verified_at < $1
         ORDER BY verified_at, digest LIMIT $2`,
};
const RECORD_VERIFIED: Statement = {
  name: 'record-verified',
  text: `INSERT INTO blobs (digest, verified_at)
         SELECT $1, $2::timestamptz
         FROM (SELECT pg_advisory_xact_lock_shared(${VERIFICATIONS})) AS lock
         ON CONFLICT (digest) DO UPDATE SET verified_at = excluded.verified_at, removal = NULL
           WHERE blobs.removal IS NULL OR (NOT blobs.is_removing AND blobs.removal = $3)
         RETURNING digest`,
};
const FIND_REMOVAL: Statement = {
  name: 'find-removal',
  text: 'SELECT removal FROM blobs WHERE digest = $1 AND NOT is_removing',
};
const RECORD_LOST: Statement = {
  name: 'record-lost',
  text: `UPDATE blobs SET verified_at = NULL
         FROM (SELECT pg_advisory_xact_lock_shared(${VERIFICATIONS})) AS lock
         WHERE digest = $1 AND verified_at IS NOT NULL`,
};
const FIND_VERIFIED: Statement = {
  name: 'find-verified',
  text: `SELECT verified_at AS "verifiedAt" FROM blobs
         WHERE digest = $1 AND verified_at IS NOT NULL`,
};
/** One row without a digest where the manifest is known and lacks nothing. */
const LIST_LACKING: Statement = {
  name: 'list-lacking',
  text: `WITH RECURSIVE named (child, is_manifest) AS (
           SELECT $2::text COLLATE "C", true
           UNION
           SELECT edge.child, edge.is_manifest
           FROM named JOIN manifest_edges AS edge
             ON edge.repository = $1 AND edge.parent = named.child
           WHERE named.is_manifest
         ), lacking AS (
           SELECT named.child AS digest, coalesce(blobs.size_bytes, 0) AS "sizeBytes"
           FROM named LEFT JOIN blobs ON blobs.digest = named.child
           WHERE NOT named.is_manifest AND blobs.verified_at IS NULL
         )
         SELECT lacking.* FROM manifests LEFT JOIN lacking ON true
         WHERE repository = $1 AND manifests.digest = $2
         ORDER BY lacking.digest`,
};
const READ_COUNTS: Statement = {
  name: 'read-replica-counts',
  text: `SELECT count(*) AS rows,
                coalesce(sum(manifests), 0)::bigint AS manifests,
                coalesce(sum(complete_manifests), 0)::bigint AS "completeManifests",
                coalesce(sum(blobs), 0)::bigint AS blobs,
                coalesce(sum(blob_bytes), 0)::bigint AS "blobBytes",
                coalesce(sum(verified_blobs), 0)::bigint AS "verifiedBlobs",
                coalesce(sum(verified_bytes), 0)::bigint AS "verifiedBytes"
         FROM replica_counts`,
};
/** Adds up what it deletes, so that several may fold at once and no row counts twice. */
const FOLD_COUNTS: Statement = {
  name: 'fold-replica-counts',
  text: `WITH gone AS (
           DELETE FROM replica_counts
           WHERE id IN (SELECT id FROM replica_counts FOR UPDATE SKIP LOCKED) RETURNING *
         )
         INSERT INTO replica_counts
           (manifests, complete_manifests, blobs, blob_bytes, verified_blobs, verified_bytes)
         SELECT sum(manifests), sum(complete_manifests), sum(blobs), sum(blob_bytes),
                sum(verified_blobs), sum(verified_bytes)
         FROM gone HAVING count(*) > 0`,
};

/** A reader who finds more rows than this folds them into one, for the next reader. */
const MANY_ROWS = 200;

export class PostgresReplicas implements Replicas {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  listWanted(page: {
    readonly after?: Digest;
    readonly limit: number;
    readonly selection?: readonly PathPattern[];
  }): Promise<WantedBlob[]> {
    const covered = page.selection ? toExpression(page.selection) : null;
    const values = [page.after ?? '', page.limit, covered];
    return this.#database.query<WantedBlob>(LIST_WANTED, values);
  }

  async listVerifiedBefore(time: Date, limit: number): Promise<Digest[]> {
    const values = [time, limit];
    const rows = await this.#database.query<{ digest: Digest }>(LIST_VERIFIED_BEFORE, values);
    return rows.map(({ digest }) => digest);
  }

  async recordVerified(digest: Digest, at: Date, foundBehind?: string): Promise<void> {
    const values = [digest, at, foundBehind ?? null];
    const recorded = await this.#database.query(RECORD_VERIFIED, values);
    if (recorded.length > 0) return;
    const rows = await this.#database.query<{ removal: string | null }>(FIND_REMOVAL, [digest]);
    throw new BytesRemoved(digest, rows[0]?.removal ?? undefined);
  }

  async recordLost(digest: Digest): Promise<void> {
    await this.#database.query(RECORD_LOST, [digest]);
  }

  async findVerified(digest: Digest): Promise<Date | undefined> {
    const rows = await this.#database.query<{ verifiedAt: Date }>(FIND_VERIFIED, [digest]);
    return rows[0]?.verifiedAt;
  }

  async listLacking(repository: RepositoryName, manifest: Digest): Promise<Lack[] | undefined> {
    const values = [repository, manifest];
    const rows = await this.#database.query<Partial<Lack>>(LIST_LACKING, values);
    if (rows.length === 0) return undefined;
    return rows.filter((row): row is Lack => typeof row.digest === 'string');
  }

  async readCounts(): Promise<ReplicaCounts> {
    const [sum] = await this.#database.query<ReplicaCounts & { rows: number }>(READ_COUNTS);
    const { rows, ...counts } = sum!;
    if (rows > MANY_ROWS) await this.#database.query(FOLD_COUNTS);
    return counts;
  }
}

/** The names that the patterns cover, as a regular expression; linear, as it looks back nowhere. */
function toExpression(patterns: readonly PathPattern[]): string {
  const names = patterns.map((pattern) => {
    if (pattern === '**') return '.*';
    const [, fixed, deep] = /^(.*?)(\/\*\*)?$/.exec(pattern)!;
    const levels = fixed!.replaceAll('.', '\\.').replaceAll('*', '[^/]*');
    return deep ? `${levels}(/.*)?` : levels;
  });
  return `^(${names.join('|')})$`;
}
