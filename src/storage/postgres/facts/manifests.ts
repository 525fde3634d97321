/** Writers of facts about manifests and tags; each says whether anything changed. */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';
import type { ManifestRecord } from '../../metadata.ts';

interface Placed<What> {
  readonly repository: RepositoryName;
  readonly what: What;
}

/**
 * What it names stays as it is until the commit: whoever verifies or loses a blob meanwhile waits,
 * and finds this manifest among those that name it. The same bytes may be pushed again under
 * another type where they name none themselves.
 */
const WRITE = `
  WITH here AS (
    SELECT verified_at IS NOT NULL AS is_whole FROM blobs
    WHERE digest = ANY(:blobs) ORDER BY digest FOR SHARE
  ), children AS (
    SELECT missing = 0 AS is_whole FROM manifests
    WHERE repository = :repository AND digest = ANY(:manifests) ORDER BY digest FOR SHARE
  ), written AS (
    INSERT INTO manifests (repository, digest, media_type, size_bytes, content, subject,
                           artifact_type, annotations, missing)
    SELECT :repository, :digest, :mediaType, :size, :content, :subject, :artifactType,
           CAST(:labels AS json),
           :named - (SELECT count(*) FROM here WHERE is_whole)
                  - (SELECT count(*) FROM children WHERE is_whole)
    ON CONFLICT (repository, digest) DO UPDATE
      SET media_type = excluded.media_type, artifact_type = excluded.artifact_type
      WHERE manifests.media_type <> excluded.media_type
    RETURNING digest
  ), edges AS (
    INSERT INTO manifest_edges (repository, parent, child, is_manifest)
    SELECT :repository, :digest, unnest(CAST(:blobs AS text[])), false
    UNION ALL SELECT :repository, :digest, unnest(CAST(:manifests AS text[])), true
    ON CONFLICT DO NOTHING
  )
  SELECT digest FROM written`;

/** Writes the manifest into the repository, which must be there, and what it names. */
export async function writeManifest(
  trx: Knex.Transaction,
  { repository, what }: Placed<ManifestRecord>,
): Promise<boolean> {
  const values = {
    ...rowOf({ repository, what }),
    blobs: [...what.blobs],
    manifests: [...what.manifests],
    named: what.blobs.length + what.manifests.length,
  };
  // Prepared once per connection: to plan it takes longer than to run it.
  const { rows } = await trx.raw(WRITE, values).options({ name: 'write-manifest' });
  return rows.length > 0;
}

const REWRITE = `
  UPDATE manifests SET media_type = :mediaType, size_bytes = :size, content = :content,
    subject = :subject, artifact_type = :artifactType, annotations = CAST(:labels AS json)
  WHERE repository = :repository AND digest = :digest`;

/** Writes the manifest over a row that is damaged. What it names was written by its digest. */
export async function rewriteManifest(
  trx: Knex.Transaction,
  { repository, what }: Placed<ManifestRecord>,
): Promise<void> {
  await trx.raw(REWRITE, rowOf({ repository, what }));
}

function rowOf({ repository, what }: Placed<ManifestRecord>) {
  const { digest, mediaType, content, subject, artifactType, annotations } = what;
  return {
    repository,
    digest,
    mediaType,
    size: content.length,
    content,
    subject: subject ?? null,
    artifactType: artifactType ?? null,
    labels: JSON.stringify(annotations),
  };
}

const WRITE_TAGS = `
  INSERT INTO tags (repository, name, digest)
  SELECT :repository, unnest(CAST(:names AS text[])), :digest
  ON CONFLICT (repository, name) DO UPDATE SET digest = excluded.digest`;

/** Lets the tags point to a manifest, which must be there. */
export async function writeTags(
  trx: Knex.Transaction,
  { repository, what }: Placed<{ readonly tags: readonly Tag[]; readonly digest: Digest }>,
): Promise<void> {
  if (what.tags.length === 0) return;
  const values = { repository, names: [...what.tags], digest: what.digest };
  await trx.raw(WRITE_TAGS, values).options({ name: 'write-tags' });
}

/** Deletes the manifest; its tags go with it. */
export async function deleteManifest(
  trx: Knex.Transaction,
  { repository, what }: Placed<Digest>,
): Promise<boolean> {
  return (await trx('manifests').where({ repository, digest: what }).delete()) > 0;
}

const DELETE_MANY = `
  DELETE FROM manifests
  USING unnest(CAST(:repositories AS text[]), CAST(:digests AS text[]))
    AS gone (repository, digest)
  WHERE manifests.repository = gone.repository AND manifests.digest = gone.digest`;

/** As {@link deleteManifest} does, many at once. */
export async function deleteManifests(
  trx: Knex.Transaction,
  gone: readonly { readonly repository: RepositoryName; readonly digest: Digest }[],
): Promise<void> {
  const values = {
    repositories: gone.map(({ repository }) => repository),
    digests: gone.map(({ digest }) => digest),
  };
  await trx.raw(DELETE_MANY, values).options({ name: 'delete-manifests' });
}

export async function deleteTags(
  trx: Knex.Transaction,
  { repository, what }: Placed<readonly Tag[]>,
): Promise<boolean> {
  return (await trx('tags').where({ repository }).whereIn('name', what).delete()) > 0;
}
