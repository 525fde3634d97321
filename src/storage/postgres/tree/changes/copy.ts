/** An image comes to another repository or tag, with all that it names. */
import type { Knex } from 'knex';
import type { Digest } from '../../../../oci/digest.ts';
import { nameOf } from '../../../../oci/events/actor.ts';
import { outlineOf, parseManifest } from '../../../../oci/manifest.ts';
import type { RepositoryName, Tag } from '../../../../oci/reference.ts';
import type { Fact } from '../../../change-log.ts';
import type { ManifestRecord, StoredManifest } from '../../../metadata.ts';
import { type CopyOutcome, type ImageCopy, MAX_COPIED } from '../../../tree/tree-changes.ts';
import { writeBlobLinks } from '../../facts/blobs.ts';
import { writeManifest, writeTags } from '../../facts/manifests.ts';
import { lockRepository, writeRepository } from '../../facts/repositories.ts';
import { assertTagsMayChange, assertWithinQuotas } from '../../lifecycle/guard.ts';
import type { Told } from './told.ts';

/** See `TreeChanges.copy`. */
export async function copyImage(
  trx: Knex.Transaction,
  copy: ImageCopy,
): Promise<Told<CopyOutcome>> {
  const { to, tag, actor } = copy;
  const policies = await lockBoth(trx, copy);
  const read = await readImage(trx, copy);
  if (read.kind !== 'read') return { outcome: read, told: [] };
  const { digest } = read;
  const target = await trx('tags').where({ repository: to, name: tag }).first('digest');
  const isMoved = target?.digest !== digest;
  if (target && isMoved && !copy.mayOverwrite) return { outcome: { kind: 'tag-exists' }, told: [] };
  const guarded = { repository: to, policies, actor: nameOf(actor) };
  const kind = target ? ('move' as const) : ('create' as const);
  if (isMoved) await assertTagsMayChange(trx, guarded, [{ tag, kind }]);
  await writeRepository(trx, to);
  const { linked, recorded, image } = await writeImage(trx, copy, read);
  await writeTags(trx, { repository: to, what: { tags: [tag], digest } });
  const news = [...linked, ...recorded];
  const sizeBytes = news.reduce((sum, one) => sum + one.sizeBytes, 0);
  if (news.length > 0) await assertWithinQuotas(trx, guarded, { sizeBytes });
  const told = isMoved ? pointTo(recorded, image, tag) : recorded;
  return {
    outcome: { kind: 'copied', digest, manifests: recorded.length, blobs: linked.length },
    told: [{ facts: [...linked, ...told], fromRepository: copy.from }],
  };
}

/** Names of one group do not stand together in the order of names, but their locks have to. */
function byGroup(one: RepositoryName, other: RepositoryName): number {
  const [first, second] = [one, other].map((name) => `${name.split('/', 1)[0]} ${name}`);
  return first! < second! ? -1 : 1;
}

/** In one order for all. @returns the policies of the repository that is written to */
async function lockBoth(trx: Knex.Transaction, { from, to }: ImageCopy) {
  const locked = new Map<string, Awaited<ReturnType<typeof lockRepository>>>();
  for (const name of [...new Set([from, to])].toSorted(byGroup)) {
    locked.set(name, await lockRepository(trx, name));
  }
  return locked.get(to)!;
}

interface Link {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** What is to come. */
interface Image {
  readonly kind: 'read';
  readonly digest: Digest;
  readonly records: readonly ManifestRecord[];
  readonly links: readonly Link[];
}

const NAMED = `
  WITH RECURSIVE named AS (
    SELECT CAST(:digest AS text) COLLATE "C" AS digest
    UNION
    SELECT next.digest FROM named CROSS JOIN LATERAL (
      SELECT child AS digest FROM manifest_edges
      WHERE repository = :from AND parent = named.digest AND is_manifest
      UNION
      SELECT digest FROM manifests
      WHERE :withReferrers AND repository = :from AND subject = named.digest
    ) AS next
  )
  SELECT named.digest, size_bytes AS "sizeBytes"
  FROM (SELECT DISTINCT digest FROM named LIMIT ${MAX_COPIED + 1}) AS named
  LEFT JOIN manifests ON repository = :from AND manifests.digest = named.digest`;

/** More bytes of manifests than this are not held in memory at once. */
const MAX_BYTES = 64 * 1024 * 1024;

interface NamedRow {
  readonly digest: Digest;
  /** Null where the manifest is not there. */
  readonly sizeBytes: number | null;
}

async function readImage(
  trx: Knex.Transaction,
  copy: ImageCopy,
): Promise<Image | Exclude<CopyOutcome, { kind: 'copied' }>> {
  const { from, withReferrers } = copy;
  const digest = await findDigest(trx, copy);
  if (!digest) return { kind: 'unknown' };
  const named: NamedRow[] = (await trx.raw(NAMED, { from, digest, withReferrers })).rows;
  const isAbsent = ({ sizeBytes }: NamedRow) => sizeBytes === null;
  if (named.some((one) => isAbsent(one) && one.digest === digest)) return { kind: 'unknown' };
  const bytes = named.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  if (named.length > MAX_COPIED || bytes > MAX_BYTES) return { kind: 'too-many', most: MAX_COPIED };
  const records = await readRecords(trx, from, named);
  const wanted = [...new Set(records.flatMap(({ blobs }) => blobs))];
  const links = await readLinks(trx, from, wanted);
  const held = new Set(links.map((link) => link.digest));
  const absent = named.filter(isAbsent).map((one) => one.digest);
  const missing = [...absent, ...wanted.filter((blob) => !held.has(blob))];
  return missing.length > 0
    ? { kind: 'missing', digests: missing }
    : { kind: 'read', digest, records, links };
}

async function readRecords(
  trx: Knex.Transaction,
  repository: RepositoryName,
  named: readonly NamedRow[],
): Promise<ManifestRecord[]> {
  const rows: StoredManifest[] = await trx('manifests')
    .select({ digest: 'digest', mediaType: 'media_type', content: 'content' })
    .where({ repository })
    .whereRaw('digest = ANY (?)', [named.map(({ digest }) => digest)]);
  return rows.map(toRecord);
}

async function findDigest(
  trx: Knex.Transaction,
  { from, reference }: ImageCopy,
): Promise<Digest | undefined> {
  if (reference.kind === 'digest') return reference.digest;
  const tag = { repository: from, name: reference.tag };
  return (await trx<{ digest: Digest }>('tags').where(tag).first('digest'))?.digest;
}

function toRecord(manifest: StoredManifest): ManifestRecord {
  return { ...manifest, ...outlineOf(parseManifest(manifest.content, manifest.mediaType)) };
}

function readLinks(
  trx: Knex.Transaction,
  repository: RepositoryName,
  digests: readonly Digest[],
): Promise<Link[]> {
  return trx('blob_links')
    .select({ digest: 'digest', sizeBytes: 'size_bytes' })
    .where({ repository })
    .whereRaw('digest = ANY (?)', [[...digests]])
    .orderBy('digest');
}

/**
 * A link locks its blob, and counts for quotas. In the order of their digests and before anything
 * is counted, as in a push: so neither of two that do so at once holds what the other wants.
 */
const LOCK_BLOBS = `
  SELECT FROM blobs WHERE digest = ANY (?) ORDER BY digest FOR NO KEY UPDATE`;

/** What the repository has already stays as it is, the type of a manifest, too. */
async function writeImage(trx: Knex.Transaction, copy: ImageCopy, image: Image) {
  const { to: repository } = copy;
  const { records, links } = image;
  const actor = nameOf(copy.actor);
  const wanted = links.map(({ digest }) => digest);
  const types = await readTypes(trx, repository, records);
  const held = new Set((await readLinks(trx, repository, wanted)).map(({ digest }) => digest));
  const linked = links
    .filter(({ digest }) => !held.has(digest))
    .map((link) => ({ repository, ...link }));
  await trx.raw(LOCK_BLOBS, [wanted]);
  await writeBlobLinks(trx, linked);
  const added = records.filter(({ digest }) => !types.has(digest));
  for (const what of added) await writeManifest(trx, { repository, what });
  const root = records.find(({ digest }) => digest === image.digest)!;
  return {
    linked: linked.map((link) => ({ kind: 'blob-linked', ...link, actor }) as const),
    recorded: added.map((record) => recordedOf(copy, record)),
    image: recordedOf(copy, { ...root, mediaType: types.get(root.digest) ?? root.mediaType }),
  };
}

/** Of those that the repository has. */
async function readTypes(
  trx: Knex.Transaction,
  repository: RepositoryName,
  records: readonly ManifestRecord[],
): Promise<Map<Digest, string>> {
  const rows = await trx<{ digest: Digest; media_type: string }>('manifests')
    .select('digest', 'media_type')
    .whereRaw('repository = ?', [repository])
    .whereRaw('digest = ANY (?)', [records.map(({ digest }) => digest)]);
  return new Map(rows.map(({ digest, media_type }) => [digest, media_type]));
}

type RecordedFact = Extract<Fact, { kind: 'manifest-recorded' }>;

function recordedOf({ to, actor }: ImageCopy, manifest: ManifestRecord): RecordedFact {
  const { digest, mediaType, content } = manifest;
  const described = { digest, mediaType, sizeBytes: content.length };
  return {
    kind: 'manifest-recorded',
    repository: to,
    ...described,
    tags: [],
    actor: nameOf(actor),
  };
}

/** The tag is told with the image where that is new, and by itself where it was there. */
function pointTo(recorded: readonly RecordedFact[], image: RecordedFact, tag: Tag): Fact[] {
  const pointed = { ...image, tags: [tag] };
  const others = recorded.filter(({ digest }) => digest !== image.digest);
  return [...others, pointed];
}
