/** What one run does, added up while it goes. */
import type { RepositoryName } from '../../oci/reference.ts';
import type { Garbage, ReviewKind } from '../../storage/garbage.ts';
import type { Doubt, GarbageRun } from '../../storage/garbage-bin.ts';

/** More are not named in a report. */
const MAX_DOUBTS = 50;
const MAX_ITEMS = 1000;

export interface RunOptions {
  /** Only says what would go. */
  readonly isDryRun?: boolean;
  /** Looks at no more than so many. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export class Tally {
  readonly id: string;
  readonly startedAt: Date;
  readonly isDryRun: boolean;
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  readonly #counts = { manifest: 0, link: 0, blob: 0 };
  readonly #doubts: Doubt[] = [];
  readonly #items: NonNullable<GarbageRun['items']>[number][] = [];
  #freedBytes = 0;
  #living = 0;
  #seen = 0;

  constructor(id: string, startedAt: Date, options: RunOptions) {
    this.id = id;
    this.startedAt = startedAt;
    this.isDryRun = options.isDryRun ?? false;
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#signal = options.signal;
  }

  /** Whether the run has to end, although there may be more. */
  get isOver(): boolean {
    return this.#seen >= this.#limit || this.#signal?.aborted === true;
  }

  addGarbage(
    kind: ReviewKind | 'blob',
    garbage: readonly Garbage[],
    repository?: RepositoryName,
  ): void {
    this.#counts[kind] += garbage.length;
    this.#seen += garbage.length;
    const where = repository === undefined ? {} : { repository };
    for (const { digest, sizeBytes } of garbage) {
      if (kind === 'blob') this.#freedBytes += sizeBytes;
      if (!this.isDryRun || this.#items.length >= MAX_ITEMS) continue;
      this.#items.push({ kind, ...where, digest, sizeBytes });
    }
  }

  addLiving(count: number): void {
    this.#living += count;
    this.#seen += count;
  }

  addDoubt(doubt: Doubt): void {
    if (this.#doubts.length < MAX_DOUBTS) this.#doubts.push(doubt);
  }

  /** What failed keeps what it spoke of. */
  addFailure(error: unknown, repository = ''): void {
    const message = error instanceof Error ? error.message : String(error);
    this.addDoubt({ repository, reason: 'failure', message });
  }

  report(endedAt: Date): GarbageRun {
    return {
      id: this.id,
      startedAt: this.startedAt.toISOString(),
      endedAt: endedAt.toISOString(),
      isDryRun: this.isDryRun,
      isWhole: !this.isOver,
      manifests: this.#counts.manifest,
      links: this.#counts.link,
      blobs: this.#counts.blob,
      freedBytes: this.#freedBytes,
      living: this.#living,
      doubts: this.#doubts,
      ...(this.isDryRun ? { items: this.#items } : {}),
    };
  }
}
