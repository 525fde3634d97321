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

/**
 * The row of the blob stays locked, also where nothing is written: nobody claims the blob until the
 * commit. The link follows what it refers to, since it counts both.
 */
const TAKE = `
  WITH made AS (
    INSERT INTO repositories (name) VALUES (:repository) ON CONFLICT (name) DO NOTHING
  ), taken AS (
    INSERT INTO blobs (digest, size_bytes, verified_at) VALUES (:digest, :sizeBytes, now())
    ON CONFLICT (digest) DO UPDATE
      SET size_bytes = coalesce(blobs.size_bytes, excluded.size_bytes),
          verified_at = coalesce(blobs.verified_at, excluded.verified_at),
          removal = CASE WHEN blobs.is_removing OR blobs.removal <> :foundBehind
                         THEN blobs.removal END
      WHERE blobs.size_bytes IS NULL OR blobs.verified_at IS NULL OR blobs.removal IS NOT NULL
    RETURNING removal, is_removing
  ), linked AS (
    INSERT INTO blob_links (repository, digest, size_bytes)
    SELECT :repository, :digest, CAST(:sizeBytes AS bigint)
    FROM (SELECT count(*) FROM taken) AS behind
    ON CONFLICT (repository, digest) DO NOTHING
    RETURNING digest
  )
  SELECT (SELECT removal FROM taken) AS removal,
         (SELECT is_removing FROM taken) AS "isRemoving",
         EXISTS (SELECT FROM linked) AS "isNew"`;

/**
 * As {@link writeBlobLink}, where the site itself holds the bytes and has proven them: makes the
 * repository where it is not there, and a link is a verification too.
 * @throws BytesRemoved where they were removed since the caller looked
 */
export async function writeHeldLink(
  trx: Knex.Transaction,
  { repository, digest, sizeBytes, foundBehind = '' }: Link & { readonly foundBehind?: string },
): Promise<boolean> {
  const values = { repository, digest, sizeBytes, foundBehind };
  const { rows } = await trx.raw(TAKE, values).options({ name: 'take-blob' });
  const { removal, isRemoving, isNew } = rows[0];
  if (removal !== null) throw new BytesRemoved(digest, isRemoving ? undefined : removal);
  return isNew;
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
