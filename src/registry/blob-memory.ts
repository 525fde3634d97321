/** Which blobs a repository holds, in memory and never stale; per repository, so that nothing leaks
 * from one to another (A41). */
import { LRUCache } from 'lru-cache';
import type { Coherence, Memory } from '../coherence.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Change } from '../storage/change-log.ts';
import type { Metadata } from '../storage/metadata.ts';

interface Dependencies {
  readonly metadata: Pick<Metadata, 'findBlob'>;
  readonly coherence: Pick<Coherence, 'catchUp' | 'position'>;
}

export interface LinkedBlob {
  readonly sizeBytes: number;
}

const MAX_LINKS = 100_000;

export class BlobMemory implements Memory {
  readonly #metadata: Dependencies['metadata'];
  readonly #coherence: Dependencies['coherence'];
  /** With `max` it would make room for all of them at once, in the start of each site. */
  readonly #links = new LRUCache<string, LinkedBlob>({
    maxSize: MAX_LINKS,
    sizeCalculation: () => 1,
  });

  constructor({ metadata, coherence }: Dependencies) {
    this.#metadata = metadata;
    this.#coherence = coherence;
  }

  /**
   * What is true at some moment after the call, or after the request began that hands on its
   * position (see `Coherence.catchUp`); `undefined` where the repository has it not.
   */
  async find(
    repository: RepositoryName,
    digest: Digest,
    asOf?: number,
  ): Promise<LinkedBlob | undefined> {
    const before = await this.#coherence.catchUp(asOf);
    const key = linkKey(repository, digest);
    const known = this.#links.get(key);
    if (known) return known;
    const link = await this.#metadata.findBlob(repository, digest);
    if (link && this.#coherence.position === before) this.#links.set(key, link);
    return link;
  }

  forget({ fact }: Change): void {
    if (fact.kind === 'blob-unlinked') this.#links.delete(linkKey(fact.repository, fact.digest));
    else if (fact.kind === 'repository-deleted') this.#forgetRepository(fact.repository);
  }

  /** Looks through all that is remembered: a repository is deleted seldom. */
  #forgetRepository(repository: RepositoryName): void {
    const start = linkKey(repository, '' as Digest);
    const keys = [...this.#links.keys()].filter((key) => key.startsWith(start));
    for (const key of keys) this.#links.delete(key);
  }

  clear(): void {
    this.#links.clear();
  }
}

const linkKey = (repository: RepositoryName, digest: Digest): string => `${repository}@${digest}`;
