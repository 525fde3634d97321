/**
 * PORT: when images were pulled last, by repository, tag and digest. Written in batches, by none of
 * the pulls themselves. Each site notes its own; the primary is told of those of all the others.
 */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

/** That a manifest was given to a client. */
export interface Pull {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Where the client named it. */
  readonly tag?: Tag;
  readonly at: Date;
}

/** What was pulled last at that time: a tag or a digest; '' for whatever of the repository. */
export interface LastPull {
  readonly repository: RepositoryName;
  readonly reference: Tag | Digest | '';
  readonly at: Date;
}

export interface ImagePulls {
  /** Notes what is later than what is known, as still to be told. Idempotent. */
  record(pulls: readonly LastPull[]): Promise<void>;

  /** Of these, those that were ever pulled. */
  find(keys: readonly Omit<LastPull, 'at'>[]): Promise<LastPull[]>;

  /** What is still to be told, at most so many. */
  listUntold(limit: number): Promise<LastPull[]>;

  /** These were told; what was pulled again meanwhile is still to be. */
  recordTold(pulls: readonly LastPull[]): Promise<void>;

  /** All are to be told again: whoever was told may have lost some. */
  forgetTold(): Promise<void>;

  /** Forgets those of tags, manifests and repositories that are gone, a page. @returns how many */
  deleteGone(limit: number): Promise<number>;
}

/** The latest of each reference that the pulls speak of. */
export function sumUp(pulls: Iterable<Pull>): LastPull[] {
  const last = new Map<string, LastPull>();
  for (const { repository, digest, tag, at } of pulls) {
    for (const reference of ['', digest, ...(tag === undefined ? [] : [tag])] as const) {
      const key = `${repository} ${reference}`;
      const known = last.get(key);
      if (!known || known.at < at) last.set(key, { repository, reference, at });
    }
  }
  return [...last.values()];
}
