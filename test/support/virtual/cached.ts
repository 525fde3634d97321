/** Virtual registries, upstreams and cached images for tests. */
import type { Digest } from '../../../src/oci/digest.ts';
import type { RepositoryName, Tag } from '../../../src/oci/reference.ts';
import type { VirtualRegistry, VirtualUpstream } from '../../../src/oci/virtual-registry.ts';
import type { ManifestRecord } from '../../../src/storage/metadata.ts';
import type { CachedTag, ManifestEntry } from '../../../src/storage/virtual/cache.ts';
import { imageOf } from '../content.ts';

/** A remote upstream; what is not said is as simple as can be. */
export function upstreamNamed(
  name: string,
  { url = `https://${name}.test`, ...rest }: Partial<VirtualUpstream> & { url?: string } = {},
): VirtualUpstream {
  return {
    name,
    description: '',
    origin: {
      kind: 'remote',
      url,
      realmHosts: [],
      rewritesLibrary: false,
      maxConcurrency: 8,
      timeoutMs: 5000,
    },
    validityHours: 24,
    negativeTtlSeconds: 30,
    allow: [],
    deny: [],
    exclusive: [],
    whenGone: 'forget',
    viaPrimary: 'never',
    ...rest,
  };
}

export function registryNamed(name: string, rest: Partial<VirtualRegistry> = {}): VirtualRegistry {
  return { name, description: '', upstreams: [], hosts: [], isPublic: false, ...rest };
}

/** What is said of a cached manifest besides its bytes. */
interface Cached {
  readonly upstream: string;
  readonly image: RepositoryName;
  readonly tag?: Tag;
  readonly checkedAt?: Date;
}

/** The moment at which all of {@link entryOf} came, where nothing else is said. */
export const CACHED_AT = new Date('2026-03-01T00:00:00Z');

/** An image of that word, or a given manifest, as an upstream gave it; its blobs have 10 bytes. */
export function entryOf(
  { upstream, image, checkedAt = CACHED_AT, tag }: Cached,
  word: string | ManifestRecord,
): ManifestEntry {
  const record = typeof word === 'string' ? imageOf(word) : word;
  const { digest, mediaType, content } = record;
  return {
    manifest: { upstream, image, digest, mediaType, sizeBytes: content.length, content },
    checkedAt,
    blobs: record.blobs.map((blob) => ({ digest: blob, sizeBytes: 10 })),
    manifests: record.manifests,
    ...(tag ? { tag } : {}),
  };
}

export function tagOf(
  { upstream, image, tag, checkedAt = CACHED_AT }: Cached & { readonly tag: Tag },
  digest?: Digest,
): CachedTag {
  return { upstream, image, tag, digest, checkedAt };
}
