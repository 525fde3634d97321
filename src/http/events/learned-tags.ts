/**
 * By which tag clients learned of digests: docker and ctr ask for the tag by HEAD, and then pull by
 * the digest that they were told.
 */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

/** No more are remembered for the pulls that follow. */
const MAX_REMEMBERED = 1000;

export class LearnedTags {
  readonly #tags = new Map<string, Tag>();

  learn(repository: RepositoryName, digest: Digest, tag: Tag): void {
    if (this.#tags.size >= MAX_REMEMBERED) this.#tags.delete(this.#tags.keys().next().value!);
    this.#tags.set(keyOf(repository, digest), tag);
  }

  find(repository: RepositoryName, digest: Digest): Tag | undefined {
    // Asked with each pull, and mostly nobody learned anything.
    return this.#tags.size === 0 ? undefined : this.#tags.get(keyOf(repository, digest));
  }

  /** The same, and forgets it: the pull that followed has come. */
  take(repository: RepositoryName, digest: Digest): Tag | undefined {
    const tag = this.find(repository, digest);
    if (tag !== undefined) this.#tags.delete(keyOf(repository, digest));
    return tag;
  }
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`;
}
