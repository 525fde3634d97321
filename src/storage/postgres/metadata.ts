/**
 * `Metadata` in PostgreSQL.
 *
 * All writes to one repository wait for each other, from the first look to the commit: so what a
 * manifest names cannot vanish while it is recorded, and no two writers can hold what the other
 * wants. Locks are always taken in this order: repository, rows, head of the log.
 */
import type { Knex } from 'knex';
import type { Digest } from '../../oci/digest.ts';
import { type Actor, nameOf, type RequestDetails, requestOf } from '../../oci/events/actor.ts';
import type { Circumstances } from '../../oci/events/deed.ts';
import type { Policy } from '../../oci/lifecycle/policy.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Fact } from '../change-log.ts';
import type {
  BlobLink,
  ManifestPut,
  ManifestRecord,
  Metadata,
  PutOutcome,
  StoredManifest,
} from '../metadata.ts';
import type { Database, Statement } from './database.ts';
import { appendChanges } from './facts/append.ts';
import { deleteBlobLink, writeHeldLink } from './facts/blobs.ts';
import { deleteManifest, deleteTags, writeManifest, writeTags } from './facts/manifests.ts';
import { deleteRepository, lockRepository, writeRepository } from './facts/repositories.ts';
import { queueAgain } from './garbage/queue.ts';
import {
  assertContentMayChange,
  assertRepositoryMayGo,
  assertTagsMayChange,
  assertTypeMayChange,
  assertWithinQuotas,
  type Guarded,
} from './lifecycle/guard.ts';

const FIND_MANIFEST: Statement = {
  name: 'find-manifest',
  text: `SELECT digest, media_type AS "mediaType", content
         FROM manifests WHERE repository = $1 AND digest = $2`,
};
const FIND_TAG: Statement = {
  name: 'find-tag',
  text: 'SELECT digest FROM tags WHERE repository = $1 AND name = $2',
};
const FIND_BLOB: Statement = {
  name: 'find-blob',
  text: `SELECT size_bytes AS "sizeBytes" FROM blob_links WHERE repository = $1 AND digest = $2`,
};

export class PostgresMetadata implements Metadata {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findManifest(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<StoredManifest | undefined> {
    const rows = await this.#database.query<StoredManifest>(FIND_MANIFEST, [repository, digest]);
    return rows[0];
  }

  async findTag(repository: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    const rows = await this.#database.query<{ digest: Digest }>(FIND_TAG, [repository, tag]);
    return rows[0]?.digest;
  }

  async findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    const rows = await this.#database.query<{ sizeBytes: number }>(FIND_BLOB, [repository, digest]);
    return rows[0];
  }

  recordManifest(put: ManifestPut): Promise<PutOutcome> {
    const circumstances = { request: requestOf(put.actor) };
    return this.#change<PutOutcome>({ ...put, circumstances }, async (trx, policies) => {
      const digests = await findMissing(trx, put);
      if (digests.length > 0) return { outcome: { kind: 'missing', digests }, facts: [] };
      const targets = await readTags(trx, put);
      const moved = put.tags.filter((tag) => targets.get(tag) !== put.manifest.digest);
      const taken = moved.filter((tag) => targets.has(tag)).sort()[0];
      if (taken !== undefined && !put.mayOverwrite) {
        return { outcome: { kind: 'tag-exists', tag: taken }, facts: [] };
      }
      const guarded = { ...put, policies, actor: nameOf(put.actor) };
      const kindOf = (tag: Tag) => (targets.has(tag) ? 'move' : 'create');
      const changes = moved.map((tag) => ({ tag, kind: kindOf(tag) }) as const);
      await assertTagsMayChange(trx, guarded, changes);
      await assertTypeMayChange(trx, guarded, put.manifest);
      const isChanged = await writePut(trx, put, moved);
      if (isChanged) await assertWithinQuotas(trx, guarded, sizeOf(put));
      const facts = isChanged || moved.length > 0 ? [toFact(put, moved)] : [];
      if (facts.length === 0) await queueAgain(trx, 'manifest', { ...put, ...put.manifest });
      return { outcome: { kind: 'recorded' }, facts };
    });
  }

  async linkBlob({ foundBehind, fromRepository, actor, ...link }: BlobLink): Promise<void> {
    const { repository, digest } = link;
    const found = foundBehind === undefined ? {} : { foundBehind };
    const circumstances = { request: requestOf(actor), fromRepository };
    await this.#change({ repository, circumstances }, async (trx, policies) => {
      const isNew = await writeHeldLink(trx, { ...link, ...found });
      if (isNew) await assertWithinQuotas(trx, { policies }, { ...link, blob: digest });
      else await queueAgain(trx, 'link', link);
      const fact: Fact = { kind: 'blob-linked', ...link, actor: nameOf(actor) };
      return { outcome: undefined, facts: isNew ? [fact] : [] };
    });
  }

  deleteTag(repository: RepositoryName, tag: Tag, actor: Actor): Promise<boolean> {
    const fact = { kind: 'tag-deleted', repository, tag, actor: nameOf(actor) } as const;
    return this.#delete(fact, requestOf(actor), async (trx, guarded) => {
      await assertTagsMayChange(trx, guarded, [{ tag, kind: 'delete' }]);
      return deleteTags(trx, { repository, what: [tag] });
    });
  }

  deleteManifest(repository: RepositoryName, digest: Digest, actor: Actor): Promise<boolean> {
    const fact = { kind: 'manifest-deleted', repository, digest, actor: nameOf(actor) } as const;
    return this.#delete(fact, requestOf(actor), async (trx, guarded) => {
      await assertContentMayChange(trx, guarded, { digest, kind: 'delete' });
      return deleteManifest(trx, { repository, what: digest });
    });
  }

  unlinkBlob(repository: RepositoryName, digest: Digest, actor: Actor): Promise<boolean> {
    const fact = { kind: 'blob-unlinked', repository, digest, actor: nameOf(actor) } as const;
    return this.#delete(fact, requestOf(actor), async (trx, guarded) => {
      await assertContentMayChange(trx, guarded, { digest, kind: 'delete' });
      return deleteBlobLink(trx, { repository, digest });
    });
  }

  deleteRepository(repository: RepositoryName, actor: Actor): Promise<boolean> {
    const fact = { kind: 'repository-deleted', repository, actor: nameOf(actor) } as const;
    return this.#delete(fact, requestOf(actor), async (trx, guarded) => {
      await assertRepositoryMayGo(trx, guarded);
      return deleteRepository(trx, repository);
    });
  }

  #delete(
    fact: Fact & { readonly repository: RepositoryName; readonly actor: string },
    request: RequestDetails | undefined,
    remove: (trx: Knex.Transaction, guarded: Guarded) => Promise<boolean>,
  ): Promise<boolean> {
    return this.#change({ ...fact, circumstances: { request } }, async (trx, policies) => {
      const wasThere = await remove(trx, { ...fact, policies });
      return { outcome: wasThere, facts: wasThere ? [fact] : [] };
    });
  }

  /** One change of one repository: the others wait, and the log's rows come last. */
  #change<Outcome>(
    { repository, circumstances }: Changing,
    work: (trx: Knex.Transaction, policies: readonly Policy[]) => Promise<Change<Outcome>>,
  ): Promise<Outcome> {
    return this.#database.transaction(async (trx) => {
      const policies = await lockRepository(trx, repository);
      const { outcome, facts } = await work(trx, policies);
      await appendChanges(trx, facts, circumstances);
      return outcome;
    });
  }
}

/** What is changed, and what its facts do not say of how it came to that. */
interface Changing {
  readonly repository: RepositoryName;
  readonly circumstances: Circumstances;
}

interface Change<Outcome> {
  readonly outcome: Outcome;
  readonly facts: readonly Fact[];
}

/** What the manifest names and the repository lacks, each once, in the manifest's order. */
async function findMissing(trx: Knex.Transaction, put: ManifestPut): Promise<Digest[]> {
  const { blobs, manifests } = put.manifest;
  const missing = [
    ...(await filterMissing(trx('blob_links'), put.repository, blobs)),
    ...(await filterMissing(trx('manifests'), put.repository, manifests)),
  ];
  return [...new Set(missing)];
}

async function filterMissing(
  table: Knex.QueryBuilder,
  repository: RepositoryName,
  digests: readonly Digest[],
): Promise<Digest[]> {
  if (digests.length === 0) return [];
  // One array, since a statement has room for 65,535 values only.
  const found = await table
    .where({ repository })
    .whereRaw('digest = ANY(?)', [[...digests]])
    .pluck<Digest[]>('digest');
  const present = new Set(found);
  return digests.filter((digest) => !present.has(digest));
}

/** What each of the put's tags points to now. */
async function readTags(
  trx: Knex.Transaction,
  { repository, tags }: ManifestPut,
): Promise<Map<Tag, Digest>> {
  if (tags.length === 0) return new Map();
  const rows = await trx<{ name: Tag; digest: Digest; repository: string }>('tags')
    .select('name', 'digest')
    .where({ repository })
    .whereIn('name', tags);
  return new Map(rows.map(({ name, digest }) => [name, digest]));
}

/** @returns whether the manifest is new here, or has another type now. */
async function writePut(
  trx: Knex.Transaction,
  { repository, manifest }: ManifestPut,
  tags: readonly Tag[],
): Promise<boolean> {
  await writeRepository(trx, repository);
  const isChanged = await writeManifest(trx, { repository, what: manifest });
  await writeTags(trx, { repository, what: { tags, digest: manifest.digest } });
  return isChanged;
}

function sizeOf({ manifest }: ManifestPut) {
  return { sizeBytes: manifest.content.length };
}

function toFact({ repository, manifest, actor }: ManifestPut, tags: readonly Tag[]): Fact {
  const { digest, mediaType, content }: ManifestRecord = manifest;
  return {
    kind: 'manifest-recorded',
    repository,
    digest,
    mediaType,
    sizeBytes: content.length,
    tags,
    actor: nameOf(actor),
  };
}
