/**
 * Memory maker of `Catalog`. All names are ASCII, so the order of strings is the order of bytes.
 */
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { matchesPath, type PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Catalog, Page, ReferrersPage } from '../catalog.ts';
import type { ManifestRecord } from '../metadata.ts';
import type { MemoryFacts } from './facts.ts';

export class MemoryCatalog implements Catalog {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async findRepository(
    repository: RepositoryName,
  ): Promise<{ readonly createdAt: Date } | undefined> {
    const found = this.#facts.repositories.get(repository);
    return found && { createdAt: found.createdAt };
  }

  async findDeletion(repository: RepositoryName): Promise<number | undefined> {
    const { tail, head } = this.#facts;
    const last = this.#facts
      .list(tail, head - tail)
      .findLast(({ fact }) => fact.kind === 'repository-deleted' && fact.repository === repository);
    return last?.position;
  }

  async listTags(repository: RepositoryName, page: Page): Promise<string[]> {
    return cut([...(this.#facts.repositories.get(repository)?.tags.keys() ?? [])], page);
  }

  async listRepositories(patterns: readonly PathPattern[], page: Page): Promise<RepositoryName[]> {
    const names = [...this.#facts.repositories.keys()];
    const visible = names.filter((name) => patterns.some((pattern) => matchesPath(pattern, name)));
    return cut(visible, page);
  }

  async listReferrers(
    repository: RepositoryName,
    subject: Digest,
    page: ReferrersPage,
  ): Promise<Descriptor[]> {
    const manifests = this.#facts.repositories.get(repository)?.manifests;
    const referrers = [...(manifests?.values() ?? [])]
      .filter((manifest) => manifest.subject === subject)
      .filter(({ artifactType }) => (page.artifactType ?? artifactType) === artifactType);
    const digests = cut(
      referrers.map(({ digest }) => digest),
      page,
    );
    return digests.map((digest) => toDescriptor(manifests!.get(digest)!));
  }

  async listHolders(blob: Digest, page: Page): Promise<RepositoryName[]> {
    const holders = [...this.#facts.repositories].filter(([, { blobs }]) => blobs.has(blob));
    return cut(
      holders.map(([name]) => name),
      page,
    );
  }
}

function cut<Name extends string>(names: readonly Name[], { after, limit }: Page): Name[] {
  return names
    .filter((name) => after === undefined || name > after)
    .sort()
    .slice(0, limit);
}

function toDescriptor(manifest: ManifestRecord): Descriptor {
  const { mediaType, digest, content, artifactType, annotations } = manifest;
  return {
    mediaType,
    digest,
    size: content.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
