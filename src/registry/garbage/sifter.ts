/** Manifests and links: what is due is looked at, repository by repository. */
import type { Digest } from '../../oci/digest.ts';
import { matchesPath, type PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type {
  Garbage,
  GarbageReviews,
  Review,
  ReviewKind,
  Sifting,
} from '../../storage/garbage.ts';
import type { Tally } from './tally.ts';
import { readUses } from './uses.ts';

interface Dependencies {
  readonly reviews: Pick<GarbageReviews, 'listDue' | 'listContents' | 'sift'>;
  /** Repositories in which manifests without a tag are collected. */
  readonly untagged: readonly PathPattern[];
}

/** So much is asked for at once; pushes to a repository wait while a chunk of it is looked at. */
const PAGE = 2000;
const CHUNK = 200;
/** So many repositories are looked at together. */
const AT_ONCE = 4;
/** A dry run changes nothing, so it has to see all in one page. */
const DRY_PAGE = 100_000;

export class Sifter {
  readonly #reviews: Dependencies['reviews'];
  readonly #untagged: Dependencies['untagged'];

  constructor({ reviews, untagged }: Dependencies) {
    this.#reviews = reviews;
    this.#untagged = untagged;
  }

  /**
   * Looks at everything that was queued before that time, until the tally is over.
   * @param mayCollect whether this site decides; otherwise only what is in use leaves the queue
   */
  async sift(
    kind: ReviewKind,
    { tally, before, mayCollect }: { tally: Tally; before: Date; mayCollect: boolean },
  ): Promise<void> {
    const limit = tally.isDryRun ? DRY_PAGE : PAGE;
    for (let isProgress = true; isProgress && !tally.isOver; ) {
      const due = await this.#reviews.listDue(kind, { before, limit });
      const parts = [...groupByRepository(due)].map(([repository, digests]) => {
        const isAllowed = mayCollect && this.#isAllowed(kind, repository);
        return { kind, repository, digests, isAllowed };
      });
      const waiting = parts.values();
      const workers = Array.from({ length: AT_ONCE }, () => this.#siftParts(waiting, tally));
      isProgress = (await Promise.all(workers)).includes(true);
      if (tally.isDryRun || due.length === 0) return;
    }
  }

  /** One after the other, beside those who take from the same parts. */
  async #siftParts(waiting: Iterable<Part>, tally: Tally): Promise<boolean> {
    let isProgress = false;
    for (const part of waiting) {
      if (tally.isOver) break;
      isProgress = (await this.#siftPart(part, tally)) || isProgress;
    }
    return isProgress;
  }

  #isAllowed(kind: ReviewKind, repository: RepositoryName): boolean {
    return kind === 'link' || this.#untagged.some((pattern) => matchesPath(pattern, repository));
  }

  /** @returns whether anything was looked at; a failure keeps all that it speaks of. */
  async #siftPart(part: Part, tally: Tally): Promise<boolean> {
    try {
      return await this.#siftRepository(part, tally);
    } catch (error) {
      tally.addFailure(error, part.repository);
      return false;
    }
  }

  async #siftRepository(part: Part, tally: Tally): Promise<boolean> {
    const { kind, repository, digests, isAllowed } = part;
    const uses = await readUses(this.#reviews, repository);
    if (uses.doubt) tally.addDoubt(uses.doubt);
    const isUnused = (digest: Digest) => isAllowed && !uses.doubt && !uses[kind].has(digest);
    const kept = digests.filter((digest) => !isUnused(digest));
    const unused = digests.filter(isUnused);
    const common = { kind, repository, run: tally.id, at: tally.startedAt };
    const left = { ...common, digests: kept, verdict: tally.isDryRun ? 'show' : 'leave' } as const;
    const verdict = tally.isDryRun ? 'show' : 'collect';
    const [isLeft, isTaken] = [
      await this.#siftChunks(left, tally, () => undefined),
      await this.#siftChunks({ ...common, digests: unused, verdict }, tally, (garbage) =>
        tally.addGarbage(kind, garbage, repository),
      ),
    ];
    return isLeft || isTaken;
  }

  /** @returns whether anything was looked at that nobody else looks at. */
  async #siftChunks(
    sifting: Sifting,
    tally: Tally,
    onGarbage: (garbage: readonly Garbage[]) => void,
  ): Promise<boolean> {
    let isProgress = false;
    for (let first = 0; first < sifting.digests.length && !tally.isOver; first += CHUNK) {
      const digests = sifting.digests.slice(first, first + CHUNK);
      const { garbage, living } = await this.#reviews.sift({ ...sifting, digests });
      onGarbage(garbage);
      tally.addLiving(living);
      isProgress ||= garbage.length + living > 0;
    }
    return isProgress;
  }
}

interface Part {
  readonly kind: ReviewKind;
  readonly repository: RepositoryName;
  readonly digests: readonly Digest[];
  readonly isAllowed: boolean;
}

function groupByRepository(reviews: readonly Review[]): Map<RepositoryName, Digest[]> {
  const groups = new Map<RepositoryName, Digest[]>();
  for (const { repository, digest } of reviews) {
    const group = groups.get(repository);
    if (group) group.push(digest);
    else groups.set(repository, [digest]);
  }
  return groups;
}
