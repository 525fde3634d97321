/** The queue of reviews in memory: what may be garbage by each fact, noted before it is written. */
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import type { Review, ReviewKind } from '../../garbage.ts';
import type { MemoryRepository } from '../facts.ts';

type Repositories = ReadonlyMap<RepositoryName, MemoryRepository>;

export class ReviewBook {
  /** When each was queued; the newest last. */
  readonly #queued = new Map<string, { readonly review: Review; readonly at: Date }>();

  /** Queues it, anew where it was. Blobs have no repository. */
  queue(kind: ReviewKind | 'blob', review: Review, at: Date): void {
    const key = keyOf(kind, review);
    this.#queued.delete(key);
    this.#queued.set(key, { review, at });
  }

  has(kind: ReviewKind | 'blob', review: Review): boolean {
    return this.#queued.has(keyOf(kind, review));
  }

  dismiss(kind: ReviewKind | 'blob', review: Review): void {
    this.#queued.delete(keyOf(kind, review));
  }

  list(kind: ReviewKind | 'blob', before?: Date): Review[] {
    const ofKind = [...this.#queued].filter(([key]) => key.startsWith(`${kind} `));
    const due = ofKind.filter(([, { at }]) => before === undefined || at < before);
    due.sort(([, one], [, other]) => one.at.getTime() - other.at.getTime());
    return due.map(([, { review }]) => review);
  }

  /** Called before the fact is written into the repositories. */
  foresee(fact: Fact, repositories: Repositories, at: Date): void {
    if (!('repository' in fact)) return;
    const { repository } = fact;
    const found = repositories.get(repository);
    const review = (digest: Digest) => ({ repository, digest });
    if (fact.kind === 'manifest-recorded') {
      const left = fact.tags.flatMap((tag) => found?.tags.get(tag) ?? []);
      for (const digest of [...left, fact.digest]) this.queue('manifest', review(digest), at);
    } else if (fact.kind === 'tag-deleted') {
      const target = found?.tags.get(fact.tag);
      if (target) this.queue('manifest', review(target), at);
    } else if (fact.kind === 'manifest-deleted') {
      this.#foreseeManifest(repository, { found, digest: fact.digest, at });
    } else if (fact.kind === 'blob-linked') {
      if (!found?.blobs.has(fact.digest)) this.queue('link', review(fact.digest), at);
    } else if (fact.kind === 'blob-unlinked') {
      this.#foreseeUnlinked(repositories, review(fact.digest), at);
    } else if (fact.kind === 'repository-deleted') {
      for (const digest of found?.manifests.keys() ?? []) this.dismiss('manifest', review(digest));
      for (const digest of found?.blobs.keys() ?? []) {
        this.#foreseeUnlinked(repositories, review(digest), at);
      }
    }
  }

  /** What it named, and what referred to it. */
  #foreseeManifest(
    repository: RepositoryName,
    what: { found: MemoryRepository | undefined; digest: Digest; at: Date },
  ): void {
    const { found, digest, at } = what;
    this.dismiss('manifest', { repository, digest });
    const manifest = found?.manifests.get(digest);
    for (const blob of manifest?.blobs ?? []) {
      if (found?.blobs.has(blob)) this.queue('link', { repository, digest: blob }, at);
    }
    for (const child of manifest?.manifests ?? []) {
      if (found?.manifests.has(child)) this.queue('manifest', { repository, digest: child }, at);
    }
    for (const referrer of found?.manifests.values() ?? []) {
      if (referrer.subject === digest) {
        this.queue('manifest', { repository, digest: referrer.digest }, at);
      }
    }
  }

  #foreseeUnlinked(repositories: Repositories, review: Review, at: Date): void {
    this.dismiss('link', review);
    const { repository, digest } = review;
    const isElsewhere = [...repositories].some(
      ([name, { blobs }]) => name !== repository && blobs.has(digest),
    );
    if (!isElsewhere) this.queue('blob', blobReview(digest), at);
  }
}

export function blobReview(digest: Digest): Review {
  return { repository: '' as RepositoryName, digest };
}

function keyOf(kind: string, { repository, digest }: Review): string {
  return `${kind} ${repository}@${digest}`;
}
