/**
 * Repositories of this registry as an upstream: read through its rules, as fresh as this site, and
 * never copied into the cache.
 */
import type { Readable } from 'node:stream';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import type { ByteRange } from '../../oci/range.ts';
import {
  parseRepositoryName,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../oci/reference.ts';
import type { VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { Reading } from '../../registry/elsewhere.ts';
import type { Registry } from '../../registry/registry.ts';
import type { StoredManifest } from '../../storage/metadata.ts';

/** The registry that stands behind a local upstream. */
export type OwnRegistry = Pick<Registry, 'blobs' | 'manifests' | 'referrers' | 'tags'>;

export class LocalRepositories {
  readonly #registry: OwnRegistry;

  constructor(registry: OwnRegistry) {
    this.#registry = registry;
  }

  async findManifest(
    repository: RepositoryName,
    reference: Reference,
    asOf?: number,
  ): Promise<Reading<StoredManifest> | undefined> {
    return found(() => this.#registry.manifests.get(repository, reference, { asOf }));
  }

  async findBlob(
    repository: RepositoryName,
    digest: Digest,
    asOf?: number,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    const reading = await found(() => this.#registry.blobs.get(repository, digest, { asOf }));
    return reading?.found;
  }

  openBlob(
    repository: RepositoryName,
    blob: { readonly digest: Digest; readonly sizeBytes: number },
    range?: ByteRange,
  ): Promise<Readable> {
    return this.#registry.blobs.open(repository, blob, range);
  }

  /** A page in byte order. */
  async listTags(
    repository: RepositoryName,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<Tag[] | undefined> {
    return (await found(() => this.#registry.tags.list(repository, page))) as Tag[] | undefined;
  }

  /** Descriptors as JSON, all of the first page. */
  async listReferrers(
    repository: RepositoryName,
    query: { readonly subject: Digest; readonly artifactType?: string },
  ): Promise<readonly string[]> {
    return (await this.#registry.referrers.list({ repository, ...query })).items;
  }
}

/** Repository that a local upstream means by an image; `undefined` for a remote, or no name. */
export function localRepositoryOf(
  { origin }: VirtualUpstream,
  image: RepositoryName,
): RepositoryName | undefined {
  return origin.kind === 'local' ? parseRepositoryName(`${origin.prefix}/${image}`) : undefined;
}

async function found<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RegistryError && error.status === 404) return undefined;
    throw error;
  }
}
