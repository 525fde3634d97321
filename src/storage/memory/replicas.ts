/** Memory maker of `Replicas`. What is whole is found by looking, at each question. */
import type { Digest } from '../../oci/digest.ts';
import { matchesPath, type PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Lack, ReplicaCounts, Replicas, WantedBlob } from '../geo/replicas.ts';
import type { MemoryFacts, MemoryRepository } from './facts.ts';

export class MemoryReplicas implements Replicas {
  readonly #facts: MemoryFacts;
  readonly #heardAt = new Map<Digest, Date>();

  /** Made behind the maker of `Metadata`, whose writer comes first then. */
  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    facts.addWriter((fact) => {
      if (fact.kind === 'blob-linked' && !this.#heardAt.has(fact.digest)) {
        this.#heardAt.set(fact.digest, facts.now());
      }
      if (fact.kind === 'manifest-recorded') this.#noteArrivals(fact.repository);
      if (fact.kind === 'manifest-deleted') facts.arrivals.forget(fact.repository, fact.digest);
      if (fact.kind === 'repository-deleted') facts.arrivals.forgetAll(fact.repository);
    });
  }

  async listWanted(page: {
    readonly after?: Digest;
    readonly limit: number;
    readonly selection?: readonly PathPattern[];
  }): Promise<WantedBlob[]> {
    const wanted: WantedBlob[] = [];
    for (const digest of [...this.#facts.blobs.keys()].sort()) {
      const blob = this.#facts.blobs.get(digest)!;
      const repository = this.#findHolder(digest, page.selection);
      const isWanted = blob.verifiedAt === undefined && digest > (page.after ?? '');
      if (repository === undefined || !isWanted) continue;
      const since = this.#heardAt.get(digest) ?? this.#facts.now();
      wanted.push({ digest, sizeBytes: blob.sizeBytes!, repository, since });
    }
    return wanted.slice(0, page.limit);
  }

  async listVerifiedBefore(time: Date, limit: number): Promise<Digest[]> {
    const verified = [...this.#facts.blobs].flatMap(([digest, { verifiedAt }]) =>
      verifiedAt && verifiedAt < time && this.#findHolder(digest) ? [{ digest, verifiedAt }] : [],
    );
    verified.sort((one, other) => one.verifiedAt.getTime() - other.verifiedAt.getTime());
    return verified.slice(0, limit).map(({ digest }) => digest);
  }

  async recordVerified(digest: Digest, at: Date, foundBehind?: string): Promise<void> {
    this.#facts.assertFound(digest, foundBehind);
    this.#facts.blobs.set(digest, { ...this.#facts.blobs.get(digest), verifiedAt: at });
    for (const [name, { blobs }] of this.#facts.repositories) {
      if (blobs.has(digest)) this.#noteArrivals(name);
    }
  }

  async recordLost(digest: Digest): Promise<void> {
    const blob = this.#facts.blobs.get(digest);
    if (blob) blob.verifiedAt = undefined;
  }

  async findVerified(digest: Digest): Promise<Date | undefined> {
    return this.#facts.blobs.get(digest)?.verifiedAt;
  }

  async listLacking(name: RepositoryName, manifest: Digest): Promise<Lack[] | undefined> {
    const repository = this.#facts.repositories.get(name);
    if (!repository?.manifests.has(manifest)) return undefined;
    const lacking = [...listNamed(repository, manifest)].filter(
      (digest) => this.#facts.blobs.get(digest)?.verifiedAt === undefined,
    );
    return lacking.sort().map((digest) => {
      return { digest, sizeBytes: this.#facts.blobs.get(digest)?.sizeBytes ?? 0 };
    });
  }

  async readCounts(): Promise<ReplicaCounts> {
    const manifests = [...this.#facts.repositories.values()].flatMap((repository) =>
      [...repository.manifests.keys()].map((digest) => this.#isWhole(repository, digest)),
    );
    const blobs = [...this.#facts.blobs].filter(([digest]) => this.#findHolder(digest));
    const verified = blobs.filter(([, { verifiedAt }]) => verifiedAt !== undefined);
    return {
      manifests: manifests.length,
      completeManifests: manifests.filter(Boolean).length,
      blobs: blobs.length,
      blobBytes: sumSizes(blobs),
      verifiedBlobs: verified.length,
      verifiedBytes: sumSizes(verified),
    };
  }

  /** The first repository, by name, that links the blob. */
  #findHolder(digest: Digest, selection?: readonly PathPattern[]): string | undefined {
    const holders = [...this.#facts.repositories].filter(([, { blobs }]) => blobs.has(digest));
    const names = holders.map(([name]) => name).sort();
    return names.find((name) => selection?.some((pattern) => matchesPath(pattern, name)) ?? true);
  }

  #noteArrivals(name: RepositoryName): void {
    const repository = this.#facts.repositories.get(name);
    if (!repository || this.#facts.role === 'primary') return;
    for (const digest of repository.manifests.keys()) {
      if (!this.#isWhole(repository, digest)) continue;
      this.#facts.arrivals.note({ repository: name, digest, at: this.#facts.now() });
    }
  }

  /** A child that is not there is not whole. */
  #isWhole(repository: MemoryRepository, digest: Digest): boolean {
    const manifest = repository.manifests.get(digest);
    return (
      manifest !== undefined &&
      manifest.blobs.every((blob) => this.#facts.blobs.get(blob)?.verifiedAt !== undefined) &&
      manifest.manifests.every((child) => this.#isWhole(repository, child))
    );
  }
}

/** All blobs that the manifest names, itself or through its children. */
function listNamed(repository: MemoryRepository, digest: Digest): Set<Digest> {
  const manifest = repository.manifests.get(digest);
  const below = manifest?.manifests.map((child) => [...listNamed(repository, child)]) ?? [];
  return new Set([...(manifest?.blobs ?? []), ...below.flat()]);
}

function sumSizes(blobs: readonly (readonly [Digest, { readonly sizeBytes?: number }])[]): number {
  return blobs.reduce((sum, [, { sizeBytes = 0 }]) => sum + sizeBytes, 0);
}
