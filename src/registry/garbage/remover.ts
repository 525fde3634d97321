/**
 * Bytes of blobs that nothing links. Claimed, deleted, settled: whoever pushes the same bytes
 * meanwhile is held off by the claim, or looks again after it (see `BlobLinks`).
 */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Randomness } from '../../randomness.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { Garbage, GarbageReviews } from '../../storage/garbage.ts';
import type { Tally } from './tally.ts';

/** Something besides links that keeps the bytes of a blob, as the cache of an upstream does. */
export interface BlobRoots {
  isNamed(digest: Digest): Promise<boolean>;
}

export interface RemoverOptions {
  readonly reviews: Pick<
    GarbageReviews,
    'listUnlinked' | 'claimBlobs' | 'settleBlobs' | 'noteFound'
  >;
  readonly blobStore: Pick<BlobStore, 'find' | 'delete' | 'list'>;
  /** All of them are asked; what one of them names is kept. */
  readonly roots: readonly BlobRoots[];
  readonly clock: Clock;
  readonly randomness: Randomness;
}

const BATCH = 500;
const DRY_PAGE = 100_000;
const AT_ONCE = 16;

/** A claim that is as old as that was left behind; none deletes for nearly as long. */
const STALE_MS = 15 * 60_000;
const FENCE_MS = 60_000;

const LIST_PAGE = 1000;

export class Remover {
  readonly #options: RemoverOptions;

  constructor(options: RemoverOptions) {
    this.#options = options;
  }

  /** Removes what was linked nowhere since that time, until the tally is over. */
  async remove(tally: Tally, before: Date): Promise<void> {
    if (tally.isDryRun) return this.#show(tally, before);
    const { reviews, clock, randomness } = this.#options;
    while (!tally.isOver) {
      const id = randomness.uuid();
      const claimedAtMs = clock.elapsedMs();
      const at = clock.now();
      const claimed = await reviews.claimBlobs({
        id,
        at,
        before,
        staleBefore: this.#staleBefore(),
        limit: BATCH,
      });
      if (claimed.length === 0) return;
      const gone: Garbage[] = [];
      await this.#each(claimed, tally, async (blob) => {
        if (await this.#isNamed(blob.digest)) return;
        // Another process may take the claim over, and the bytes may be anybody's again by then.
        if (clock.elapsedMs() - claimedAtMs > FENCE_MS) throw new Error('deleting took too long');
        const sizeBytes = await this.#measure(blob);
        await this.#options.blobStore.delete(blob.digest);
        gone.push({ ...blob, sizeBytes });
      });
      const goneDigests = gone.map(({ digest }) => digest);
      const isGone = new Set(goneDigests);
      const left = claimed.map(({ digest }) => digest).filter((digest) => !isGone.has(digest));
      await reviews.settleBlobs(id, { gone: goneDigests, left, at });
      tally.addGarbage('blob', gone);
    }
  }

  /**
   * Walks through the store, so that bytes which no fact names are found: of a push that died
   * between its bytes and its link. They are removed like all others. @returns how many there are
   */
  async sweep(signal?: AbortSignal): Promise<number> {
    const { reviews, blobStore, clock } = this.#options;
    let count = 0;
    for (let after: Digest | undefined; ; ) {
      const cursor = after === undefined ? {} : { after };
      const page = await blobStore.list({ limit: LIST_PAGE, ...cursor });
      await reviews.noteFound(page, clock.now());
      count += page.length;
      after = page.at(-1);
      if (after === undefined || signal?.aborted) return count;
    }
  }

  async #show(tally: Tally, before: Date): Promise<void> {
    const page = { before, staleBefore: this.#staleBefore(), limit: DRY_PAGE };
    const unlinked = await this.#options.reviews.listUnlinked(page);
    const shown: Garbage[] = [];
    await this.#each(unlinked, tally, async (blob) => {
      if (await this.#isNamed(blob.digest)) return;
      shown.push({ ...blob, sizeBytes: await this.#measure(blob) });
    });
    tally.addGarbage('blob', shown);
  }

  /** Several at a time; one that fails is kept. */
  async #each(
    blobs: readonly Garbage[],
    tally: Tally,
    work: (blob: Garbage) => Promise<void>,
  ): Promise<void> {
    const waiting = blobs.values();
    const workers = Array.from({ length: AT_ONCE }, async () => {
      for (const blob of waiting) {
        await work(blob).catch((error: unknown) => tally.addFailure(error));
      }
    });
    await Promise.all(workers);
  }

  async #isNamed(digest: Digest): Promise<boolean> {
    for (const root of this.#options.roots) {
      if (await root.isNamed(digest)) return true;
    }
    return false;
  }

  /** Of bytes that no fact ever named, the store alone knows how many they are. */
  async #measure({ digest, sizeBytes }: Garbage): Promise<number> {
    if (sizeBytes > 0) return sizeBytes;
    return (await this.#options.blobStore.find(digest))?.sizeBytes ?? 0;
  }

  #staleBefore(): Date {
    return new Date(this.#options.clock.now().getTime() - STALE_MS);
  }
}
