/** Memory maker of `GarbageReviews`. Each method is one turn of the event loop. */
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import type {
  BlobClaim,
  Content,
  Garbage,
  GarbageReviews,
  QueueLength,
  Review,
  ReviewKind,
  Sifted,
  Sifting,
} from '../../garbage.ts';
import type { MemoryFacts } from '../facts.ts';
import type { MemoryGarbageBin } from './bin.ts';
import { blobReview } from './review-book.ts';

export class MemoryGarbageReviews implements GarbageReviews {
  readonly #facts: MemoryFacts;
  readonly #bin: MemoryGarbageBin;

  constructor(facts: MemoryFacts, bin: MemoryGarbageBin) {
    this.#facts = facts;
    this.#bin = bin;
  }

  async listDue(
    kind: ReviewKind,
    { before, limit }: { readonly before: Date; readonly limit: number },
  ): Promise<Review[]> {
    return this.#facts.reviews.list(kind, before).slice(0, limit);
  }

  async listContents(
    repository: RepositoryName,
    { after = '', limit }: { readonly after?: Digest | ''; readonly limit: number },
  ): Promise<Content[]> {
    const manifests = [...(this.#facts.repositories.get(repository)?.manifests.values() ?? [])];
    manifests.sort((one, other) => (one.digest < other.digest ? -1 : 1));
    return manifests.filter(({ digest }) => digest > after).slice(0, limit);
  }

  async sift(sifting: Sifting): Promise<Sifted> {
    const { kind, repository, verdict, at } = sifting;
    if (verdict === 'collect') this.#facts.assertPrimary();
    const { reviews } = this.#facts;
    const wanted = [...new Set(sifting.digests)];
    const queued = wanted.filter((digest) => reviews.has(kind, { repository, digest }));
    const garbage = queued.flatMap((digest) => this.#findUnused(kind, { repository, digest }));
    const unused = new Set(garbage.map(({ digest }) => digest));
    const living = queued.filter((digest) => !unused.has(digest));
    if (verdict === 'show') return { garbage, living: living.length };
    for (const digest of living) reviews.dismiss(kind, { repository, digest });
    for (const digest of unused) {
      if (verdict === 'collect') this.#collect(sifting, digest);
      else reviews.queue(kind, { repository, digest }, at);
    }
    return { garbage, living: living.length };
  }

  async listUnlinked(page: {
    readonly before: Date;
    readonly staleBefore: Date;
    readonly limit: number;
  }): Promise<Garbage[]> {
    const due = this.#facts.reviews.list('blob', page.before).map(({ digest }) => digest);
    const free = due.filter((digest) => {
      return this.#isFree(digest, page.staleBefore) && !this.#isNamed(digest);
    });
    return free.slice(0, page.limit).map((digest) => this.#garbageOf(digest));
  }

  async claimBlobs({ id, at, before, staleBefore, limit }: BlobClaim): Promise<Garbage[]> {
    const { blobs, reviews } = this.#facts;
    const due = reviews.list('blob', before).filter(({ digest }) => {
      return this.#isFree(digest, staleBefore);
    });
    const claimed: Digest[] = [];
    for (const review of due.slice(0, limit)) {
      const { digest } = review;
      const blob = blobs.get(digest);
      if (!blob || this.#isNamed(digest)) reviews.dismiss('blob', review);
      else {
        blobs.set(digest, {
          ...blob,
          verifiedAt: undefined,
          removal: { id, at, isUnderWay: true },
        });
        claimed.push(digest);
      }
    }
    return claimed.map((digest) => this.#garbageOf(digest));
  }

  async settleBlobs(
    claim: string,
    { gone, left, at }: { gone: readonly Digest[]; left: readonly Digest[]; at: Date },
  ): Promise<void> {
    const { blobs, reviews } = this.#facts;
    for (const digest of [...gone, ...left]) {
      const blob = blobs.get(digest);
      if (!blob?.removal?.isUnderWay || blob.removal.id !== claim) continue;
      blob.removal = { ...blob.removal, isUnderWay: false };
      if (gone.includes(digest)) reviews.dismiss('blob', blobReview(digest));
      else reviews.queue('blob', blobReview(digest), at);
    }
  }

  async noteFound(digests: readonly Digest[], at: Date): Promise<void> {
    const { blobs, reviews } = this.#facts;
    for (const digest of digests) {
      if (this.#isNamed(digest)) continue;
      const removal = { id: 'found', at, isUnderWay: false };
      if (!blobs.has(digest)) blobs.set(digest, { removal });
      const review = blobReview(digest);
      if (!reviews.has('blob', review)) reviews.queue('blob', review, at);
    }
  }

  async forgetRemovals(before: Date): Promise<number> {
    const { blobs, reviews } = this.#facts;
    const old = [...blobs].filter(([digest, { removal }]) => {
      const isOver = removal !== undefined && !removal.isUnderWay && removal.at < before;
      return isOver && !this.#isNamed(digest) && !reviews.has('blob', blobReview(digest));
    });
    for (const [digest] of old) blobs.delete(digest);
    return old.length;
  }

  async measure(before: {
    readonly review: Date;
    readonly removal: Date;
  }): Promise<Readonly<Record<ReviewKind | 'blob', QueueLength>>> {
    const lengthOf = (kind: ReviewKind | 'blob', time: Date) => {
      const { reviews } = this.#facts;
      return { waiting: reviews.list(kind).length, due: reviews.list(kind, time).length };
    };
    return {
      manifest: lengthOf('manifest', before.review),
      link: lengthOf('link', before.review),
      blob: lengthOf('blob', before.removal),
    };
  }

  /** Nothing where it is in use, or not there any more. */
  #findUnused(kind: ReviewKind, { repository, digest }: Review): Garbage[] {
    const found = this.#facts.repositories.get(repository);
    const manifests = [...(found?.manifests.values() ?? [])];
    if (kind === 'link') {
      const sizeBytes = found?.blobs.get(digest);
      const isUsed = manifests.some(({ blobs }) => blobs.includes(digest));
      return sizeBytes === undefined || isUsed ? [] : [{ digest, sizeBytes }];
    }
    const manifest = found?.manifests.get(digest);
    if (!found || !manifest) return [];
    const isUsed =
      [...found.tags.values()].includes(digest) ||
      manifests.some((parent) => parent.manifests.includes(digest)) ||
      (manifest.subject !== undefined && found.manifests.has(manifest.subject));
    return isUsed ? [] : [{ digest, sizeBytes: manifest.content.length }];
  }

  #collect({ kind, repository, run, at }: Sifting, digest: Digest): void {
    const found = this.#facts.repositories.get(repository)!;
    const actor = 'garbage collection';
    if (kind === 'link') {
      const sizeBytes = found.blobs.get(digest)!;
      this.#bin.put({ kind, repository, digest, sizeBytes }, run, at);
      this.#facts.commit({ kind: 'blob-unlinked', repository, digest, actor } satisfies Fact);
    } else {
      const { mediaType, content } = found.manifests.get(digest)!;
      this.#bin.put({ kind, repository, digest, mediaType, content }, run, at);
      this.#facts.commit({ kind: 'manifest-deleted', repository, digest, actor } satisfies Fact);
    }
  }

  #isFree(digest: Digest, staleBefore: Date): boolean {
    const removal = this.#facts.blobs.get(digest)?.removal;
    return !removal?.isUnderWay || removal.at < staleBefore;
  }

  /** By a link, or by what is cached of an upstream. */
  #isNamed(digest: Digest): boolean {
    const { repositories, virtual } = this.#facts;
    const isLinked = [...repositories.values()].some(({ blobs }) => blobs.has(digest));
    return isLinked || virtual.cache.isNamed(digest);
  }

  #garbageOf(digest: Digest): Garbage {
    return { digest, sizeBytes: this.#facts.blobs.get(digest)?.sizeBytes ?? 0 };
  }
}
