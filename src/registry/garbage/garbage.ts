/**
 * The collection of garbage while pushes go on: what nobody needs any more is found, waits, goes,
 * and can be brought back for a while. Every doubt keeps.
 */
import type { Clock } from '../../clock.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { Randomness } from '../../randomness.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { GarbageReviews, QueueLength, ReviewKind } from '../../storage/garbage.ts';
import type { BinFilter, GarbageBin, GarbageRun } from '../../storage/garbage-bin.ts';
import type { Metadata } from '../../storage/metadata.ts';
import type { Sites } from '../../storage/sites.ts';
import { BlobLinks } from '../blob-links.ts';
import { type BlobRoots, Remover } from './remover.ts';
import { type Restored, Restorer } from './restorer.ts';
import { Sifter } from './sifter.ts';
import { type RunOptions, Tally } from './tally.ts';

export type { BlobRoots } from './remover.ts';
export type { Restored } from './restorer.ts';
export type { RunOptions } from './tally.ts';

export interface GarbageSettings {
  /** For how long nobody needed it before it is collected. */
  readonly delayMs: number;
  /** For how long it can be brought back, and its bytes stay. */
  readonly windowMs: number;
  /** Repositories in which manifests without a tag are collected. */
  readonly untagged: readonly PathPattern[];
}

export interface GarbageOptions {
  readonly garbageReviews: GarbageReviews;
  readonly garbageBin: GarbageBin;
  readonly metadata: Metadata;
  readonly blobStore: BlobStore;
  readonly sites: Pick<Sites, 'getRole'>;
  /** What besides links keeps bytes. */
  readonly roots?: readonly BlobRoots[];
  readonly clock: Clock;
  readonly randomness: Randomness;
}

export interface GarbageStatus {
  readonly lastRun?: GarbageRun;
  /** What waits for a review; a blob waits until its bytes go. */
  readonly queue: Readonly<Record<ReviewKind | 'blob', QueueLength>>;
  /** How much could be brought back. */
  readonly kept: number;
}

/** So long it is remembered that bytes were removed; no push pauses so long before its link. */
const REMEMBERED_MS = 7 * 24 * 60 * 60 * 1000;

export class GarbageCollection {
  readonly #options: GarbageOptions;
  readonly #settings: GarbageSettings;
  readonly #sifter: Sifter;
  readonly #remover: Remover;
  readonly #restorer: Restorer;

  constructor(options: GarbageOptions, settings: GarbageSettings) {
    const { garbageReviews: reviews, garbageBin: bin, roots = [] } = options;
    this.#options = options;
    this.#settings = settings;
    this.#sifter = new Sifter({ reviews, untagged: settings.untagged });
    this.#remover = new Remover({ ...options, reviews, roots });
    this.#restorer = new Restorer({ ...options, bin, blobLinks: new BlobLinks(options) });
  }

  /**
   * Collects what is due; at a secondary only bytes, since what is in use is the primary's to say.
   * Never takes what came to be unused since the run began. Several at once share the work.
   */
  async run(options: RunOptions = {}): Promise<GarbageRun> {
    const { clock, randomness, garbageReviews, garbageBin } = this.#options;
    const tally = new Tally(randomness.uuid(), clock.now(), options);
    const { review, removal } = this.#deadlines(tally.startedAt);
    const mayCollect = (await this.#options.sites.getRole()).role === 'primary';
    await this.#sifter.sift('manifest', { tally, before: review, mayCollect });
    await this.#sifter.sift('link', { tally, before: review, mayCollect });
    await this.#remover.remove(tally, removal);
    const report = tally.report(clock.now());
    if (tally.isDryRun) return report;
    await garbageBin.deleteBefore(removal);
    await garbageReviews.forgetRemovals(new Date(removal.getTime() - REMEMBERED_MS));
    await garbageBin.recordRun(report);
    return report;
  }

  /** See `Remover.sweep`. */
  sweep(signal?: AbortSignal): Promise<number> {
    return this.#remover.sweep(signal);
  }

  /** @throws NotPrimary where there is something to bring back and this is not the primary */
  bringBack(filter: BinFilter, actor: string): Promise<Restored> {
    return this.#restorer.bringBack(filter, actor);
  }

  async readStatus(): Promise<GarbageStatus> {
    const { clock, garbageReviews, garbageBin } = this.#options;
    const lastRun = await garbageBin.findLastRun();
    return {
      ...(lastRun ? { lastRun } : {}),
      queue: await garbageReviews.measure(this.#deadlines(clock.now())),
      kept: await garbageBin.count(),
    };
  }

  #deadlines(now: Date): { readonly review: Date; readonly removal: Date } {
    const { delayMs, windowMs } = this.#settings;
    return {
      review: new Date(now.getTime() - delayMs),
      removal: new Date(now.getTime() - windowMs),
    };
  }
}
