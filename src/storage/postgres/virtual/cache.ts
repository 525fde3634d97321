/** `VirtualCache` in PostgreSQL: the tables `cached_manifests`, `cached_parts`, `cached_tags`. */
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';
import type {
  CachedBlob,
  CachedManifest,
  CachedTag,
  CacheEntry,
  ManifestEntry,
  NamedContent,
  Pull,
  TaggedManifest,
  Usage,
  VirtualCache,
} from '../../virtual/cache.ts';
import type { Database, Statement } from '../database.ts';
import { countPulls } from './count-pulls.ts';
import { listEntries, listUnused, measureCache } from './entries.ts';
import { lockPlace, removeManifest, removeTag } from './purge.ts';
import { withoutNulls } from './registries.ts';
import { writeManifest, writeTag } from './write-cache.ts';

const FIND_TAGS: Statement = {
  name: 'find-cached-tags',
  text: `SELECT upstream, image, tag, digest, checked_at AS "checkedAt" FROM cached_tags
         WHERE upstream = ANY($1) AND image = $2 AND tag = $3`,
};
const FIND_TAGGED: Statement = {
  name: 'find-tagged-manifests',
  text: `SELECT upstream, image, tag, digest, tag.checked_at AS "checkedAt",
                media_type AS "mediaType", size_bytes AS "sizeBytes", content
         FROM cached_tags AS tag LEFT JOIN cached_manifests USING (upstream, image, digest)
         WHERE upstream = ANY($1) AND image = $2 AND tag = $3`,
};
const FIND_MANIFESTS: Statement = {
  name: 'find-cached-manifests',
  text: `SELECT upstream, image, digest, media_type AS "mediaType", size_bytes AS "sizeBytes",
                content
         FROM cached_manifests WHERE upstream = ANY($1) AND image = $2 AND digest = $3`,
};
const FIND_BLOBS: Statement = {
  name: 'find-cached-blobs',
  text: `SELECT DISTINCT ON (upstream)
                upstream, image, digest, size_bytes AS "sizeBytes", is_here AS "isHere",
                is_here OR EXISTS (
                  SELECT FROM cached_parts given
                  WHERE given.digest = $3 AND given.upstream = named.upstream AND given.is_here
                    AND NOT given.is_manifest) AS "isGiven"
         FROM cached_parts named
         WHERE upstream = ANY($1) AND image = $2 AND digest = $3 AND NOT is_manifest
         ORDER BY upstream, manifest`,
};
const FIND_BINDING: Statement = {
  name: 'find-binding',
  text: `SELECT upstream FROM cached_manifests
         WHERE upstream = ANY($1) AND image = $2 AND digest = $3
         UNION
         SELECT upstream FROM cached_parts
         WHERE upstream = ANY($1) AND image = $2 AND digest = $3 AND is_manifest`,
};
const KEEP_ABSENT: Statement = {
  name: 'keep-absent',
  text: `UPDATE cached_tags SET absent_until = checked_at + interval '400 days'
         WHERE upstream = ANY($1) AND image = $2 AND tag = $3 AND digest IS NULL`,
};
const RECORD_BLOB: Statement = {
  name: 'record-cached-blob',
  text: `UPDATE cached_parts SET is_here = true
         WHERE upstream = $1 AND image = $2 AND digest = $3 AND NOT is_manifest AND NOT is_here`,
};
const IS_NAMED: Statement = {
  name: 'is-cached',
  text: `SELECT EXISTS (SELECT FROM cached_parts
                        WHERE digest = $1 AND NOT is_manifest) AS "isNamed"`,
};

/** Each image has a lock, of which the server has some thousands for all transactions together. */
const PULLS_AT_ONCE = 500;

export class PostgresVirtualCache implements VirtualCache {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findTags(
    upstreams: readonly string[],
    image: RepositoryName,
    tag: Tag,
  ): Promise<CachedTag[]> {
    const rows = await this.#database.query<TagRow>(FIND_TAGS, [upstreams, image, tag]);
    return rows.map((row) => ({ ...row, digest: row.digest ?? undefined }));
  }

  async findTagged(
    upstreams: readonly string[],
    image: RepositoryName,
    tag: Tag,
  ): Promise<TaggedManifest[]> {
    const rows = await this.#database.query<TaggedRow>(FIND_TAGGED, [upstreams, image, tag]);
    return rows.map(readTagged);
  }

  async findManifests(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<CachedManifest[]> {
    const values = [upstreams, image, digest];
    return (await this.#database.query<CachedManifest>(FIND_MANIFESTS, values)).map(withoutNulls);
  }

  findBlobs(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<CachedBlob[]> {
    return this.#database.query<CachedBlob>(FIND_BLOBS, [upstreams, image, digest]);
  }

  async findBinding(
    upstreams: readonly string[],
    image: RepositoryName,
    digest: Digest,
  ): Promise<string[]> {
    const values = [upstreams, image, digest];
    const rows = await this.#database.query<{ upstream: string }>(FIND_BINDING, values);
    return rows.map(({ upstream }) => upstream);
  }

  recordManifest(entry: ManifestEntry): Promise<void> {
    return this.#database.transaction(async (trx) => {
      if (await lockPlace(trx, entry.manifest)) await writeManifest(trx, entry);
    });
  }

  recordTag(tag: CachedTag): Promise<void> {
    return this.#database.transaction(async (trx) => {
      if (await lockPlace(trx, tag)) await writeTag(trx, tag);
    });
  }

  async keepAbsent(upstreams: readonly string[], image: RepositoryName, tag: Tag): Promise<void> {
    await this.#database.query(KEEP_ABSENT, [upstreams, image, tag]);
  }

  async recordBlob({ upstream, image, digest }: NamedContent): Promise<void> {
    await this.#database.query(RECORD_BLOB, [upstream, image, digest]);
  }

  async recordPulls(pulls: readonly Pull[]): Promise<void> {
    for (let first = 0; first < pulls.length; first += PULLS_AT_ONCE) {
      const some = pulls.slice(first, first + PULLS_AT_ONCE);
      await this.#database.transaction((trx) => countPulls(trx, some));
    }
  }

  listEntries(page: {
    readonly upstream: string;
    readonly prefix?: string;
    readonly after?: { readonly image: string; readonly reference: string };
    readonly limit: number;
  }): Promise<CacheEntry[]> {
    return listEntries(this.#database, page);
  }

  measure(upstreams: readonly string[]): Promise<Usage> {
    return measureCache(this.#database, upstreams);
  }

  listUnused(
    upstreams: readonly string[],
    page: { readonly before: Date; readonly limit: number },
  ): Promise<CacheEntry[]> {
    return listUnused(this.#database, upstreams, page);
  }

  async deleteEntry(
    entry: Pick<CacheEntry, 'upstream' | 'image' | 'tag' | 'digest'>,
  ): Promise<void> {
    await this.#database.transaction(async (trx) => {
      if (!(await lockPlace(trx, entry))) return;
      if (entry.tag === undefined) await removeManifest(trx, entry, entry.digest);
      else await removeTag(trx, entry, entry.tag);
    });
  }

  async isNamed(digest: Digest): Promise<boolean> {
    return (await this.#database.query<{ isNamed: boolean }>(IS_NAMED, [digest]))[0]!.isNamed;
  }
}

type TagRow = Omit<CachedTag, 'digest'> & { readonly digest: Digest | null };

type TaggedRow = TagRow &
  Pick<CachedManifest, 'mediaType' | 'sizeBytes'> & { readonly content: Buffer | null };

function readTagged({ mediaType, sizeBytes, content, ...row }: TaggedRow): TaggedManifest {
  const { upstream, image, digest } = row;
  if (digest === null) return { tag: { ...row, digest: undefined } };
  const manifest = { upstream, image, digest, mediaType, sizeBytes };
  return { tag: { ...row, digest }, manifest: content ? { ...manifest, content } : manifest };
}
