/** Memory maker of `Replicas`. */
import type { Digest } from '../../oci/digest.ts';
import type { Replicas, WantedBlob } from '../geo/replicas.ts';
import type { MemoryFacts } from './facts.ts';

export class MemoryReplicas implements Replicas {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async listWanted(page: {
    readonly after?: Digest;
    readonly limit: number;
  }): Promise<WantedBlob[]> {
    const wanted: WantedBlob[] = [];
    for (const digest of [...this.#facts.blobs.keys()].sort()) {
      const blob = this.#facts.blobs.get(digest)!;
      const repository = this.#findHolder(digest);
      const isWanted = blob.verifiedAt === undefined && digest > (page.after ?? '');
      if (repository === undefined || !isWanted) continue;
      wanted.push({ digest, sizeBytes: blob.sizeBytes!, repository });
    }
    return wanted.slice(0, page.limit);
  }

  async recordVerified(digest: Digest, at: Date): Promise<void> {
    this.#facts.blobs.set(digest, { ...this.#facts.blobs.get(digest), verifiedAt: at });
  }

  async recordLost(digest: Digest): Promise<void> {
    const blob = this.#facts.blobs.get(digest);
    if (blob) blob.verifiedAt = undefined;
  }

  async findVerified(digest: Digest): Promise<Date | undefined> {
    return this.#facts.blobs.get(digest)?.verifiedAt;
  }

  /** The first repository, by name, that links the blob. */
  #findHolder(digest: Digest): string | undefined {
    const holders = [...this.#facts.repositories].filter(([, { blobs }]) => blobs.has(digest));
    return holders.map(([name]) => name).sort()[0];
  }
}
