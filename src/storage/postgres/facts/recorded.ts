/** Manifests of another site's facts, with their tags: many in one statement. */
import type { Knex } from 'knex';
import { outlineOf, parseManifest } from '../../../oci/manifest.ts';
import type { Fact } from '../../change-log.ts';
import type { ManifestRecord } from '../../metadata.ts';
import { changeTags, type TagChange } from './tags.ts';

export type RecordedFact = Extract<Fact, { kind: 'manifest-recorded' }>;

/**
 * To the same effect as `writeManifest` for each. A child that comes in the same statement is
 * counted as missing, and a trigger takes that back at its end where the child is whole.
 */
const WRITE = `
  WITH given AS (
    SELECT repository, digest, media_type, decode(base64, 'base64') AS content, subject,
           artifact_type, labels
    FROM unnest(
      CAST(:repositories AS text[]), CAST(:digests AS text[]), CAST(:mediaTypes AS text[]),
      CAST(:contents AS text[]), CAST(:subjects AS text[]), CAST(:artifactTypes AS text[]),
      CAST(:labels AS text[])
    ) AS one (repository, digest, media_type, base64, subject, artifact_type, labels)
  ), edge AS (
    SELECT * FROM unnest(
      CAST(:places AS text[]), CAST(:parents AS text[]), CAST(:children AS text[]),
      CAST(:kinds AS boolean[])
    ) AS named (repository, parent, child, is_manifest)
  ), here AS (
    SELECT digest, verified_at IS NOT NULL AS is_whole FROM blobs
    WHERE digest = ANY (ARRAY(SELECT child FROM edge WHERE NOT is_manifest))
    ORDER BY digest FOR SHARE
  ), inner_ones AS (
    SELECT manifests.repository, manifests.digest, missing = 0 AS is_whole
    FROM (SELECT DISTINCT repository, child FROM edge WHERE is_manifest) AS named
    JOIN manifests ON manifests.repository = named.repository AND manifests.digest = named.child
    ORDER BY manifests.repository, manifests.digest FOR SHARE OF manifests
  ), lacking AS (
    SELECT edge.repository, edge.parent, count(*) AS missing
    FROM edge
    LEFT JOIN here ON here.is_whole AND here.digest = edge.child AND NOT edge.is_manifest
    LEFT JOIN inner_ones ON inner_ones.is_whole AND inner_ones.digest = edge.child
      AND inner_ones.repository = edge.repository AND edge.is_manifest
    WHERE here.digest IS NULL AND inner_ones.digest IS NULL
    GROUP BY edge.repository, edge.parent
  ), edges AS (
    INSERT INTO manifest_edges (repository, parent, child, is_manifest)
    SELECT * FROM edge ON CONFLICT DO NOTHING
  )
  INSERT INTO manifests (repository, digest, media_type, size_bytes, content, subject,
                         artifact_type, annotations, missing)
  SELECT given.repository, given.digest, given.media_type, octet_length(given.content),
         given.content, given.subject, given.artifact_type, CAST(given.labels AS json),
         coalesce(lacking.missing, 0)
  FROM given LEFT JOIN lacking
    ON lacking.repository = given.repository AND lacking.parent = given.digest
  ORDER BY given.repository, given.digest
  ON CONFLICT (repository, digest) DO UPDATE
    SET media_type = excluded.media_type, artifact_type = excluded.artifact_type
    WHERE manifests.media_type <> excluded.media_type`;

const LIST_THERE = `
  SELECT repository, digest FROM manifests
  JOIN unnest(CAST(:repositories AS text[]), CAST(:digests AS text[]))
    AS asked (repository, digest) USING (repository, digest)`;

/**
 * Into the repositories, which must be there; no manifest comes twice under two types. A fact comes
 * without its content where the manifest was deleted since. Its tags point to nothing then, and to
 * what they pointed before they must not point either.
 */
export async function writeRecorded(
  trx: Knex.Transaction,
  facts: readonly RecordedFact[],
): Promise<void> {
  const given = new Map(facts.filter(isGiven).map((fact) => [keyOf(fact), fact]));
  if (given.size > 0) await writeManifests(trx, [...given.values()]);
  const untold = facts.filter((fact) => fact.tags.length > 0 && !given.has(keyOf(fact)));
  const there = await listThere(trx, untold);
  const changes = facts.flatMap((fact): TagChange[] => {
    const { repository, digest, tags } = fact;
    const isThere = given.has(keyOf(fact)) || there.has(keyOf(fact));
    return tags.map((name) => ({ repository, name, ...(isThere ? { digest } : {}) }));
  });
  await changeTags(trx, changes);
}

type GivenFact = RecordedFact & { readonly content: string };

function isGiven(fact: RecordedFact): fact is GivenFact {
  return fact.content !== undefined;
}

const keyOf = ({ repository, digest }: Pick<RecordedFact, 'repository' | 'digest'>): string =>
  `${repository}@${digest}`;

async function writeManifests(trx: Knex.Transaction, facts: readonly GivenFact[]): Promise<void> {
  const outlines = facts.map((fact) => toRecord(fact, fact.content));
  const edges = facts.flatMap(({ repository, digest: parent }, n) => {
    const { blobs, manifests } = outlines[n]!;
    const name = (isManifest: boolean) => (child: string) => {
      return { repository, parent, child, isManifest };
    };
    return [...blobs.map(name(false)), ...manifests.map(name(true))];
  });
  await trx
    .raw(WRITE, {
      repositories: facts.map(({ repository }) => repository),
      digests: facts.map(({ digest }) => digest),
      mediaTypes: facts.map(({ mediaType }) => mediaType),
      contents: facts.map(({ content }) => content),
      subjects: outlines.map(({ subject }) => subject ?? null),
      artifactTypes: outlines.map(({ artifactType }) => artifactType ?? null),
      labels: outlines.map(({ annotations }) => JSON.stringify(annotations)),
      places: edges.map(({ repository }) => repository),
      parents: edges.map(({ parent }) => parent),
      children: edges.map(({ child }) => child),
      kinds: edges.map(({ isManifest }) => isManifest),
    })
    .options({ name: 'write-manifests' });
}

/** Keys of those that are recorded here. */
async function listThere(
  trx: Knex.Transaction,
  facts: readonly RecordedFact[],
): Promise<ReadonlySet<string>> {
  if (facts.length === 0) return new Set();
  const { rows } = await trx.raw(LIST_THERE, {
    repositories: facts.map(({ repository }) => repository),
    digests: facts.map(({ digest }) => digest),
  });
  return new Set(rows.map(keyOf));
}

/** The manifest of a fact with the bytes that came with it. */
export function toRecord(fact: RecordedFact, base64: string): ManifestRecord {
  const content = Buffer.from(base64, 'base64');
  const { digest, mediaType } = fact;
  return { digest, mediaType, content, ...outlineOf(parseManifest(content, mediaType)) };
}
