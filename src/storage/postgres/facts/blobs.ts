/** Writers of facts about blobs; each says whether anything changed. */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';

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
  const { digest, repository, sizeBytes } = link;
  await trx.raw(
    `INSERT INTO blobs (digest, size_bytes) VALUES (?, ?)
     ON CONFLICT (digest) DO UPDATE SET size_bytes = excluded.size_bytes
     WHERE blobs.size_bytes IS NULL`,
    [digest, sizeBytes],
  );
  const { rowCount } = await trx.raw(
    `INSERT INTO blob_links (repository, digest, size_bytes) VALUES (?, ?, ?)
     ON CONFLICT (repository, digest) DO NOTHING`,
    [repository, digest, sizeBytes],
  );
  return rowCount > 0;
}

export async function deleteBlobLink(
  trx: Knex.Transaction,
  { repository, digest }: Omit<Link, 'sizeBytes'>,
): Promise<boolean> {
  return (await trx('blob_links').where({ repository, digest }).delete()) > 0;
}
