/** Referrers: the manifests of a repository that name another as their subject. */
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, hexOf } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import { parseTag, type RepositoryName } from '../oci/reference.ts';
import type { Catalog } from '../storage/catalog.ts';
import type { ManifestMemory } from './manifest-memory.ts';

interface Dependencies {
  readonly catalog: Pick<Catalog, 'listReferrers'>;
  readonly memory: Pick<ManifestMemory, 'find'>;
}

export interface ReferrersQuery {
  readonly repository: RepositoryName;
  readonly subject: Digest;
  readonly artifactType?: string;
  /** The last digest of the page before. */
  readonly after?: Digest;
}

export interface ReferrersResult {
  /** Descriptors, each as JSON. */
  readonly items: readonly string[];
  /** The digest behind which the next page begins, where there is one. */
  readonly next?: Digest;
}

/** containerd refuses a list of more than 4 · 1048 · 1048 bytes (checklist 116). */
const MAX_PAGE_BYTES = 4_000_000;

/**
 * Entries of an index of the fallback scheme that are looked at: clients of that scheme rewrite the
 * whole index for each, so real ones are short, and each costs a look-up (A45).
 */
const MAX_TAGGED = 1000;
const TAGGED_AT_ONCE = 16;

/** Read at first; then as many as fit by what was seen: annotations may be megabytes each (A45). */
const FIRST_BATCH = 16;
const MAX_BATCH = 1000;

export class Referrers {
  readonly #catalog: Dependencies['catalog'];
  readonly #memory: Dependencies['memory'];

  constructor({ catalog, memory }: Dependencies) {
    this.#catalog = catalog;
    this.#memory = memory;
  }

  /** A page in order of digests; empty for what is not there at all (checklist 110). */
  async list(query: ReferrersQuery): Promise<ReferrersResult> {
    const items = query.after ? [] : await this.#listTagged(query);
    let bytes = items.reduce((sum, item) => sum + item.length, 0);
    let after = query.after;
    let limit = FIRST_BATCH;
    for (;;) {
      const batch = await this.#listBatch(query, { after, limit });
      for (const descriptor of batch) {
        const item = JSON.stringify(descriptor);
        bytes += Buffer.byteLength(item) + 1;
        if (bytes > MAX_PAGE_BYTES && items.length > 0)
          return { items, ...(after && { next: after }) };
        items.push(item);
        after = descriptor.digest;
      }
      if (batch.length < limit) return { items };
      limit = nextBatch(bytes, items.length);
    }
  }

  #listBatch(
    { repository, subject, artifactType }: ReferrersQuery,
    page: { readonly after: Digest | undefined; readonly limit: number },
  ): Promise<Descriptor[]> {
    return this.#catalog.listReferrers(repository, subject, {
      limit: page.limit,
      ...(page.after ? { after: page.after } : {}),
      ...(artifactType === undefined ? {} : { artifactType }),
    });
  }

  /**
   * What the index under the tag of the fallback scheme lists and names no subject itself, so that
   * it is in no table (checklist 117).
   */
  async #listTagged({ repository, subject, artifactType }: ReferrersQuery): Promise<string[]> {
    const tag = parseTag(fallbackTag(subject));
    const index = tag && (await this.#memory.find(repository, { kind: 'tag', tag }));
    const listed = index ? readIndex(index.content, index.mediaType) : [];
    const wanted = listed.filter(
      (descriptor) => artifactType === undefined || descriptor.artifactType === artifactType,
    );
    const items: string[] = [];
    let bytes = 0;
    for (let from = 0; from < Math.min(wanted.length, MAX_TAGGED); from += TAGGED_AT_ONCE) {
      const some = wanted.slice(from, Math.min(from + TAGGED_AT_ONCE, MAX_TAGGED));
      for (const item of await this.#printTagged(repository, some)) {
        bytes += Buffer.byteLength(item) + 1;
        if (bytes > MAX_PAGE_BYTES) return items;
        items.push(item);
      }
    }
    return items;
  }

  async #printTagged(
    repository: RepositoryName,
    descriptors: readonly Descriptor[],
  ): Promise<string[]> {
    const printed = descriptors.map(async (descriptor) => {
      const { digest } = descriptor;
      const found = await this.#memory.find(repository, { kind: 'digest', digest });
      const isListed = found && !namesSubject(found.content, found.mediaType);
      return isListed ? JSON.stringify(descriptor) : undefined;
    });
    return (await Promise.all(printed)).filter((item) => item !== undefined);
  }
}

/** > The algorithm is truncated to 32 characters, the encoded part to 64. (referrers tag schema) */
function fallbackTag(subject: Digest): string {
  return `${algorithmOf(subject).slice(0, 32)}-${hexOf(subject).slice(0, 64)}`;
}

function readIndex(content: Uint8Array, mediaType: string): readonly Descriptor[] {
  const parsed = parseManifest(content, mediaType);
  return parsed.isIndex ? parsed.manifests : [];
}

function namesSubject(content: Uint8Array, mediaType: string): boolean {
  return parseManifest(content, mediaType).subject !== undefined;
}

function nextBatch(bytes: number, count: number): number {
  const average = Math.max(1, bytes / Math.max(1, count));
  const left = Math.ceil((MAX_PAGE_BYTES - bytes) / average) + 1;
  return Math.max(1, Math.min(MAX_BATCH, left));
}
