/** Writers of facts about manifests and tags; each says whether anything changed. */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';
import type { ManifestRecord } from '../../metadata.ts';

interface Placed<What> {
  readonly repository: RepositoryName;
  readonly what: What;
}

/** Writes the manifest into the repository, which must be there. */
export async function writeManifest(
  trx: Knex.Transaction,
  { repository, what }: Placed<ManifestRecord>,
): Promise<boolean> {
  const { digest, mediaType, content, subject, artifactType, annotations } = what;
  // The same bytes may be pushed again under another type where they name none themselves.
  const { rowCount } = await trx.raw(
    `INSERT INTO manifests
       (repository, digest, media_type, size_bytes, content, subject, artifact_type, annotations)
     VALUES (:repository, :digest, :mediaType, :size, :content, :subject, :artifactType, :labels)
     ON CONFLICT (repository, digest) DO UPDATE
       SET media_type = excluded.media_type, artifact_type = excluded.artifact_type
       WHERE manifests.media_type <> excluded.media_type`,
    {
      repository,
      digest,
      mediaType,
      size: content.length,
      content,
      subject: subject ?? null,
      artifactType: artifactType ?? null,
      labels: JSON.stringify(annotations),
    },
  );
  return rowCount > 0;
}

/** Lets the tags point to a manifest, which must be there. */
export async function writeTags(
  trx: Knex.Transaction,
  { repository, what }: Placed<{ readonly tags: readonly Tag[]; readonly digest: Digest }>,
): Promise<void> {
  if (what.tags.length === 0) return;
  const rows = what.tags.map((name) => ({ repository, name, digest: what.digest }));
  await trx('tags').insert(rows).onConflict(['repository', 'name']).merge(['digest']);
}

/** Deletes the manifest; its tags go with it. */
export async function deleteManifest(
  trx: Knex.Transaction,
  { repository, what }: Placed<Digest>,
): Promise<boolean> {
  return (await trx('manifests').where({ repository, digest: what }).delete()) > 0;
}

export async function deleteTags(
  trx: Knex.Transaction,
  { repository, what }: Placed<readonly Tag[]>,
): Promise<boolean> {
  return (await trx('tags').where({ repository }).whereIn('name', what).delete()) > 0;
}
