/** Writers of facts about blobs; each says whether anything changed. */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import { BytesRemoved } from '../../failure.ts';

/**
 * Verifications take this lock shared and an apply takes it alone, before either has a row: so
 * neither holds what the other wants, however many manifests one blob makes whole.
 */
export const VERIFICATIONS = "hashtextextended('verifications', 0)";

interface Link {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/**
 * Links the blob into the repository, which must be there. A blob that is new here is wanted until
 * it is verified.
 */
export async function writeBlobLink(trx: Knex.Transaction, link: Link): Promise<boolean> {
  const { digest, sizeBytes } = link;
  await trx.raw(
    `INSERT INTO blobs (digest, size_bytes) VALUES (?, ?)
     ON CONFLICT (digest) DO UPDATE SET size_bytes = excluded.size_bytes
     WHERE blobs.size_bytes IS NULL`,
    [digest, sizeBytes],
  );
  return writeLink(trx, link);
}

/** The row stays locked, also where nothing is written: nobody claims the blob until the commit. */
const TAKE = `
  INSERT INTO blobs (digest, size_bytes) VALUES (:digest, :sizeBytes)
  ON CONFLICT (digest) DO UPDATE
    SET size_bytes = coalesce(blobs.size_bytes, excluded.size_bytes),
        removal = CASE WHEN blobs.is_removing OR blobs.removal <> :foundBehind
                       THEN blobs.removal END
    WHERE blobs.size_bytes IS NULL OR blobs.removal IS NOT NULL
  RETURNING removal, is_removing AS "isRemoving"`;

/**
 * As {@link writeBlobLink}, where the site itself holds the bytes.
 * @throws BytesRemoved where they were removed since the caller looked
 */
export async function writeHeldLink(
  trx: Knex.Transaction,
  { foundBehind = '', ...link }: Link & { readonly foundBehind?: string },
): Promise<boolean> {
  const { digest, sizeBytes } = link;
  const { rows } = await trx.raw(TAKE, { digest, sizeBytes, foundBehind });
  const removal: string | null = rows[0]?.removal ?? null;
  if (removal !== null) {
    throw new BytesRemoved(digest, rows[0].isRemoving ? undefined : removal);
  }
  return writeLink(trx, link);
}

async function writeLink(
  trx: Knex.Transaction,
  { repository, digest, sizeBytes }: Link,
): Promise<boolean> {
  const { rowCount } = await trx.raw(
    `INSERT INTO blob_links (repository, digest, size_bytes) VALUES (?, ?, ?)
     ON CONFLICT (repository, digest) DO NOTHING`,
    [repository, digest, sizeBytes],
  );
  return rowCount > 0;
}

/** Of a blob that is named twice, the first size counts. */
const WRITE_MANY = `
  WITH wanted AS (
    SELECT * FROM unnest(CAST(:repositories AS text[]), CAST(:digests AS text[]),
                         CAST(:sizes AS bigint[])) AS link (repository, digest, size_bytes)
  ), known AS (
    INSERT INTO blobs (digest, size_bytes)
    SELECT DISTINCT ON (digest) digest, size_bytes FROM wanted ORDER BY digest
    ON CONFLICT (digest) DO UPDATE SET size_bytes = excluded.size_bytes
      WHERE blobs.size_bytes IS NULL
  )
  INSERT INTO blob_links (repository, digest, size_bytes)
  SELECT DISTINCT ON (repository, digest) * FROM wanted ORDER BY repository, digest
  ON CONFLICT (repository, digest) DO NOTHING`;

/** As {@link writeBlobLink} does, many at once. */
export async function writeBlobLinks(trx: Knex.Transaction, links: readonly Link[]): Promise<void> {
  if (links.length === 0) return;
  await trx.raw(WRITE_MANY, {
    repositories: links.map(({ repository }) => repository),
    digests: links.map(({ digest }) => digest),
    sizes: links.map(({ sizeBytes }) => sizeBytes),
  });
}

export async function deleteBlobLink(
  trx: Knex.Transaction,
  { repository, digest }: Omit<Link, 'sizeBytes'>,
): Promise<boolean> {
  return (await trx('blob_links').where({ repository, digest }).delete()) > 0;
}
