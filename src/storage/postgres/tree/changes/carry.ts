/** Writes what a repository holds under another name, too, by the same rows. No bytes of blobs. */
import type { Knex } from 'knex';
import type { Digest } from '../../../../oci/digest.ts';
import type { Tag } from '../../../../oci/reference.ts';
import type { Fact } from '../../../change-log.ts';
import type { NameMove } from '../../../tree/tree-changes.ts';

/** So many rows in one statement: none may take longer than the database is waited for. */
const MAX_ROWS = 2000;

const copyRows = (table: string, columns: string) => `
  WITH copied AS (
    INSERT INTO ${table} (repository, ${columns})
    SELECT :to, ${columns} FROM ${table}
    WHERE repository = :from AND digest > :after ORDER BY digest LIMIT ${MAX_ROWS}
    RETURNING digest
  )
  SELECT max(digest) AS last FROM copied`;

const COPY_LINKS = copyRows('blob_links', 'digest, size_bytes');
/** Before their edges: what each lacks is counted already, and no child may be counted twice. */
const COPY_MANIFESTS = copyRows(
  'manifests',
  'digest, media_type, size_bytes, content, subject, artifact_type, annotations, missing',
);
const COPY_EDGES = `
  INSERT INTO manifest_edges (repository, parent, child, is_manifest)
  SELECT :to, parent, child, is_manifest FROM manifest_edges WHERE repository = :from`;
const COPY_TAGS = `
  INSERT INTO tags (repository, name, digest, pushed_at, pushed_by)
  SELECT :to, name, digest, pushed_at, pushed_by FROM tags WHERE repository = :from`;

/** When something was pulled last is no fact: each site knows what it was told. */
const COPY_PULLS = `
  INSERT INTO image_pulls (repository, reference, pulled_at, is_untold)
  SELECT :to, reference, pulled_at, is_untold FROM image_pulls WHERE repository = :from
  ON CONFLICT DO NOTHING`;

/** Into a repository that is there and holds nothing yet. */
export async function carryOver(trx: Knex.Transaction, move: NameMove): Promise<void> {
  for (const statement of [COPY_LINKS, COPY_MANIFESTS]) {
    let after: string | null = '';
    while (after !== null) {
      const copied: { rows: { last: string | null }[] } = await trx.raw(statement, {
        ...move,
        after,
      });
      after = copied.rows[0]!.last;
    }
  }
  for (const statement of [COPY_EDGES, COPY_TAGS, COPY_PULLS])
    await trx.raw(statement, { ...move });
}

/** Tags with the same push go together. */
const READ_MANIFESTS = `
  SELECT digest, media_type AS "mediaType", size_bytes AS "sizeBytes", pushed_at AS "pushedAt",
    pushed_by AS "pushedBy", coalesce(tags, '{}') AS tags
  FROM manifests LEFT JOIN (
    SELECT digest, pushed_at, pushed_by, array_agg(name ORDER BY name) AS tags
    FROM tags WHERE repository = :repository GROUP BY digest, pushed_at, pushed_by
  ) AS pushed USING (digest)
  WHERE repository = :repository ORDER BY digest, pushed_at`;

interface ManifestRow {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly tags: readonly Tag[];
  readonly pushedAt: Date | null;
  readonly pushedBy: string | null;
}

/** What the repository holds, as if it came to be now; but tags were pushed when they were. */
export async function describeWhole(
  trx: Knex.Transaction,
  { from: movedFrom, to: repository }: NameMove,
  actor: string,
): Promise<Fact[]> {
  const links = await trx('blob_links')
    .select({ digest: 'digest', sizeBytes: 'size_bytes' })
    .where({ repository })
    .orderBy('digest');
  const { rows } = await trx.raw<{ rows: ManifestRow[] }>(READ_MANIFESTS, { repository });
  const linked = links.map(
    (link) => ({ kind: 'blob-linked', repository, ...link, actor }) as const,
  );
  const recorded = rows.map(({ pushedAt, pushedBy, ...manifest }) => ({
    kind: 'manifest-recorded' as const,
    repository,
    ...manifest,
    actor: pushedBy ?? actor,
    movedFrom,
    ...(pushedAt ? { pushedAt: pushedAt.toISOString() } : {}),
  }));
  return [...linked, ...recorded];
}
