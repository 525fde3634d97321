/**
 * Manifests and tags in memory, never stale: read through `Coherence`, so that a pull costs one
 * shared query of one row.
 *
 * A tag is remembered with the manifest that it points to, and is forgotten with it: so a manifest
 * that was deleted and pushed again does not bring back the tags that it once had.
 */
import { LRUCache } from 'lru-cache';
import type { Coherence, Memory } from '../coherence.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { Change } from '../storage/change-log.ts';
import type { Metadata, StoredManifest } from '../storage/metadata.ts';

interface Dependencies {
  readonly metadata: Pick<Metadata, 'findManifest' | 'findTag'>;
  readonly coherence: Pick<Coherence, 'catchUp' | 'position'>;
}

interface Entry {
  readonly manifest: StoredManifest;
  /** Keys in the map of tags that lead here. */
  readonly tagKeys: Set<string>;
}

const MAX_BYTES = 64 * 1024 * 1024;

/** What an entry costs besides the manifest's bytes. */
const ENTRY_BYTES = 1024;

/** More tags than this on one manifest are not remembered. */
const MAX_TAGS = 64;

export class ManifestMemory implements Memory {
  readonly #metadata: Dependencies['metadata'];
  readonly #coherence: Dependencies['coherence'];
  readonly #tags = new Map<string, Entry>();
  readonly #manifests: LRUCache<string, Entry>;

  constructor({ metadata, coherence }: Dependencies) {
    this.#metadata = metadata;
    this.#coherence = coherence;
    this.#manifests = new LRUCache({
      maxSize: MAX_BYTES,
      sizeCalculation: (entry: Entry) => entry.manifest.content.length + ENTRY_BYTES,
      dispose: (entry: Entry) => this.#forgetTags(entry),
    });
  }

  /**
   * What is true at some moment after the call, or after the request began that hands on its
   * position (see `Coherence.catchUp`); `undefined` where the site has it not.
   */
  async find(
    repository: RepositoryName,
    reference: Reference,
    asOf?: number,
  ): Promise<StoredManifest | undefined> {
    await this.#coherence.catchUp(asOf);
    const entry =
      reference.kind === 'tag'
        ? (this.#recallTag(repository, reference.tag) ??
          (await this.#readTag(repository, reference.tag)))
        : (this.#manifests.get(manifestKey(repository, reference.digest)) ??
          (await this.#readManifest(repository, reference.digest)));
    return entry?.manifest;
  }

  forget({ fact }: Change): void {
    if (fact.kind === 'manifest-recorded') {
      for (const tag of fact.tags) this.#forgetTag(tagKey(fact.repository, tag));
      this.#manifests.delete(manifestKey(fact.repository, fact.digest));
    } else if (fact.kind === 'manifest-deleted') {
      this.#manifests.delete(manifestKey(fact.repository, fact.digest));
    } else if (fact.kind === 'tag-deleted') {
      this.#forgetTag(tagKey(fact.repository, fact.tag));
    } else if (fact.kind === 'repository-deleted') {
      this.#forgetRepository(fact.repository);
    }
  }

  clear(): void {
    this.#manifests.clear();
    this.#tags.clear();
  }

  #recallTag(repository: RepositoryName, tag: Tag): Entry | undefined {
    const entry = this.#tags.get(tagKey(repository, tag));
    // Touches it, so that what is pulled by tag alone is not the first to go.
    return entry && this.#manifests.get(manifestKey(repository, entry.manifest.digest));
  }

  async #readTag(repository: RepositoryName, tag: Tag): Promise<Entry | undefined> {
    const before = this.#coherence.position;
    const digest = await this.#metadata.findTag(repository, tag);
    if (!digest) return undefined;
    const known = this.#manifests.get(manifestKey(repository, digest));
    const entry = known ?? (await this.#readManifest(repository, digest));
    // The tag moved, and what it pointed to was deleted, in between.
    if (!entry && this.#coherence.position !== before) return this.#readTag(repository, tag);
    if (entry && this.#coherence.position === before) this.#rememberTag(repository, tag, entry);
    return entry;
  }

  async #readManifest(repository: RepositoryName, digest: Digest): Promise<Entry | undefined> {
    const before = this.#coherence.position;
    const manifest = await this.#metadata.findManifest(repository, digest);
    if (!manifest) return undefined;
    const entry = { manifest, tagKeys: new Set<string>() };
    // What was read while a change came in may be from before it.
    if (this.#coherence.position === before) {
      this.#manifests.set(manifestKey(repository, digest), entry);
    }
    return entry;
  }

  #rememberTag(repository: RepositoryName, tag: Tag, entry: Entry): void {
    const isKept = this.#manifests.peek(manifestKey(repository, entry.manifest.digest)) === entry;
    if (!isKept || entry.tagKeys.size >= MAX_TAGS) return;
    const key = tagKey(repository, tag);
    entry.tagKeys.add(key);
    this.#tags.set(key, entry);
  }

  /** Looks through all that is remembered: a repository is deleted seldom. */
  #forgetRepository(repository: RepositoryName): void {
    const start = manifestKey(repository, '' as Digest);
    const keys = [...this.#manifests.keys()].filter((key) => key.startsWith(start));
    for (const key of keys) this.#manifests.delete(key);
  }

  #forgetTag(key: string): void {
    this.#tags.get(key)?.tagKeys.delete(key);
    this.#tags.delete(key);
  }

  #forgetTags(entry: Entry): void {
    for (const key of entry.tagKeys) this.#tags.delete(key);
  }
}

const tagKey = (repository: RepositoryName, tag: Tag): string => `${repository}:${tag}`;

const manifestKey = (repository: RepositoryName, digest: Digest): string =>
  `${repository}@${digest}`;
