/**
 * The facts of a site in memory: one object that `MemoryMetadata`, `MemoryCatalog`,
 * `MemoryChangeLog`, `MemoryReplicas` and the memory makers of accounts and sites all look at.
 *
 * A fact is written by *writers*, one for each group of nouns. `commit` at a primary and `apply` at
 * a secondary call the same ones, so nothing is written in two ways.
 */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import { type Circumstances, deedsOf } from '../../oci/events/deed.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Change, Fact, Proof } from '../change-log.ts';
import { BytesRemoved, NotPrimary } from '../failure.ts';
import type { ManifestRecord } from '../metadata.ts';
import type { Role } from '../sites.ts';
import type { LastPull } from '../tree/pulls.ts';
import { ActivityBook } from './events/activity-book.ts';
import { OutboxBook } from './events/outbox-book.ts';
import { blobReview, ReviewBook } from './garbage/review-book.ts';
import { ArrivalBook } from './geo/arrival-book.ts';
import { PolicyBook } from './lifecycle/policy-book.ts';
import { LeaseBook } from './tree/lease-book.ts';
import { VirtualBook } from './virtual/virtual-book.ts';

export interface MemoryRepository {
  readonly createdAt: Date;
  readonly manifests: Map<Digest, ManifestRecord>;
  readonly tags: Map<Tag, Digest>;
  /** Sizes of the blobs that are linked. */
  readonly blobs: Map<Digest, number>;
}

export interface MemoryBlob {
  /** Unknown for a blob that was verified before a fact named it. */
  sizeBytes?: number;
  verifiedAt?: Date | undefined;
  /** Its last, where it was not found or brought here since. See `GarbageReviews`. */
  removal?: { readonly id: string; readonly at: Date; readonly isUnderWay: boolean } | undefined;
}

/** When a tag came to point to what it points to, and by whom. */
export interface MemoryPush {
  readonly at: Date;
  readonly by: string;
}

/** Writes the facts that it knows and passes over the others. */
export type FactWriter = (fact: Fact) => void;

export class MemoryFacts {
  readonly repositories = new Map<RepositoryName, MemoryRepository>();
  readonly blobs = new Map<Digest, MemoryBlob>();
  /** See `ImagePulls`. */
  readonly pulls = new Map<string, LastPull>();
  /** Of `repository:tag`. Read it only for a tag that is there. */
  readonly pushes = new Map<string, MemoryPush>();
  readonly virtual = new VirtualBook((digest, wasHere) => this.#review(digest, wasHere));
  readonly arrivals = new ArrivalBook();
  readonly outbox = new OutboxBook();
  readonly activity = new ActivityBook();
  readonly reviews = new ReviewBook();
  readonly policies = new PolicyBook(this.repositories);
  readonly nameLeases = new LeaseBook();
  role: Role = 'primary';
  epoch = 1;
  /** See `LogHead.repairs`. */
  repairs = 0;
  readonly #clock: Clock;
  readonly #writers: FactWriter[] = [];
  /** Behind `#tail`. */
  #changes: Change[] = [];
  #tail = 0;
  #provenMs: number | undefined;
  readonly #listeners = new Set<() => void>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Position of the last change. */
  get head(): number {
    return this.#tail + this.#changes.length;
  }

  /** Position before the oldest change that is left. */
  get tail(): number {
    return this.#tail;
  }

  /** See `LogHead.ageMs`. */
  get ageMs(): number | undefined {
    if (this.role === 'primary') return 0;
    return this.#provenMs && Math.max(0, this.now().getTime() - this.#provenMs);
  }

  now(): Date {
    return this.#clock.now();
  }

  /** Adds the writer of some nouns; called once by each of their makers. */
  addWriter(writer: FactWriter): void {
    this.#writers.push(writer);
  }

  /** @throws NotPrimary where this site may not write. */
  assertPrimary(): void {
    if (this.role !== 'primary') throw new NotPrimary('this site is not the primary');
  }

  /**
   * At the primary: writes the fact, appends its row, and puts what it tells into the outbox.
   * @throws NotPrimary elsewhere.
   */
  commit(fact: Fact, circumstances: Circumstances = {}): void {
    this.assertPrimary();
    if ('repository' in fact) this.nameLeases.assertFree(fact.repository, this.now());
    this.outbox.postDeeds(deedsOf(fact, circumstances), this.now());
    this.#write({ position: this.head + 1, epoch: this.epoch, at: this.now(), fact });
    this.#wake();
  }

  /** At a secondary: see `ChangeLog.apply`. */
  apply(changes: readonly Change[], proof?: Proof): void {
    if (this.role === 'primary') throw new Error('a primary applies no changes of another site');
    const fresh = changes.filter((change) => change.position > this.head);
    const first = fresh[0]?.position ?? this.head + 1;
    if (fresh.some((change, index) => change.position !== first + index) || first > this.head + 1) {
      throw new Error(`the changes do not follow position ${this.head} without a gap`);
    }
    for (const change of fresh) this.#write(change);
    if (proof) this.recordProof(proof);
    if (fresh.length > 0) this.#wake();
  }

  /** At a secondary: see `ChangeLog.recordProof`. */
  recordProof({ position, ageMs }: Proof): void {
    if (this.role === 'primary' || this.head < position) return;
    this.#provenMs = Math.max(this.#provenMs ?? 0, this.now().getTime() - ageMs);
  }

  /** See `ChangeLog.trim`. */
  trim(upTo: number): number {
    const last = Math.min(upTo, this.head - 1);
    const trimmed = this.#changes.splice(0, Math.max(0, last - this.#tail));
    this.#tail += trimmed.length;
    return trimmed.length;
  }

  /** A process that led before must not undo what its successor applied. */
  assertNoFurther(position: number): void {
    if (this.head > position) throw new Error(`this site is at ${this.head}, behind ${position}`);
  }

  /** At a secondary: see `ChangeLog.restartAt`. */
  restartAt(position: number, epoch: number): void {
    if (this.role === 'primary') throw new Error('a primary does not begin its log anew');
    this.assertNoFurther(position);
    this.#changes = [];
    // Whoever missed changes may have missed a purge, and lost nothing where it had none.
    this.virtual.cache.clear();
    this.#tail = position;
    this.epoch = Math.max(this.epoch, epoch);
    this.#wake();
  }

  /**
   * Lets believe that the bytes of the blob are here.
   * @throws BytesRemoved where they were removed behind what the caller looked at
   */
  assertFound(digest: Digest, foundBehind?: string): void {
    const blob = this.blobs.get(digest);
    if (!blob?.removal) return;
    const { id, isUnderWay } = blob.removal;
    if (isUnderWay || id !== foundBehind)
      throw new BytesRemoved(digest, isUnderWay ? undefined : id);
    blob.removal = undefined;
  }

  /** Writes a fact without a row of the log, as a snapshot brings it. */
  write(fact: Fact): void {
    this.reviews.foresee(fact, this.repositories, this.now());
    for (const write of this.#writers) write(fact);
  }

  /** Facts were set right beside the log: tells who remembers some. */
  countRepair(): void {
    this.repairs += 1;
    this.#wake();
  }

  /** Changes behind `after`, in order. */
  list(after: number, limit: number): Change[] {
    const from = Math.max(0, after - this.#tail);
    return this.#changes.slice(from, from + limit);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #write(change: Change): void {
    this.write(change.fact);
    this.#notePush(change);
    this.activity.note(change);
    this.#changes.push({ ...change, fact: withoutContent(change.fact) });
    this.epoch = Math.max(this.epoch, change.epoch);
  }

  #notePush({ fact, at }: Change): void {
    if (fact.kind !== 'manifest-recorded') return;
    const { repository, tags, digest, actor: by, pushedAt } = fact;
    const pushed = { at: pushedAt === undefined ? at : new Date(pushedAt), by };
    const isThere = (tag: Tag) => this.repositories.get(repository)?.tags.get(tag) === digest;
    for (const tag of tags.filter(isThere)) this.pushes.set(`${repository}:${tag}`, pushed);
  }

  /** Bytes that left the cache are looked at as those of a blob whose last link went. */
  #review(digest: Digest, wasHere: boolean): void {
    const removal = { id: 'left the cache', at: this.now(), isUnderWay: false };
    if (wasHere && !this.blobs.has(digest)) this.blobs.set(digest, { removal });
    const isLinked = [...this.repositories.values()].some(({ blobs }) => blobs.has(digest));
    if (isLinked || !this.blobs.has(digest)) return;
    this.reviews.queue('blob', blobReview(digest), this.now());
  }

  #wake(): void {
    for (const listener of this.#listeners) queueMicrotask(listener);
  }
}

/** The bytes of a manifest stay with the manifest; the log only names it. */
function withoutContent(fact: Fact): Fact {
  if (fact.kind !== 'manifest-recorded') return fact;
  const { content: _, ...rest } = fact;
  return rest;
}
