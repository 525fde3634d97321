/**
 * The facts of a site in memory: one object that `MemoryMetadata`, `MemoryCatalog`,
 * `MemoryChangeLog`, `MemoryReplicas` and the memory makers of accounts and sites all look at.
 *
 * A fact is written by *writers*, one for each group of nouns. `commit` at a primary and `apply` at
 * a secondary call the same ones, so nothing is written in two ways.
 */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Change, Fact } from '../change-log.ts';
import { NotPrimary } from '../failure.ts';
import type { ManifestRecord } from '../metadata.ts';
import type { Role } from '../sites.ts';

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
}

/** Writes the facts that it knows and passes over the others. */
export type FactWriter = (fact: Fact) => void;

export class MemoryFacts {
  readonly repositories = new Map<RepositoryName, MemoryRepository>();
  readonly blobs = new Map<Digest, MemoryBlob>();
  role: Role = 'primary';
  epoch = 1;
  readonly #clock: Clock;
  readonly #writers: FactWriter[] = [];
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<() => void>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Position of the last change. */
  get head(): number {
    return this.#changes.length;
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

  /** At the primary: writes the fact and appends its row. @throws NotPrimary elsewhere. */
  commit(fact: Fact): void {
    this.assertPrimary();
    this.#write({ position: this.head + 1, epoch: this.epoch, at: this.now(), fact });
    this.#wake();
  }

  /** At a secondary: see `ChangeLog.apply`. */
  apply(changes: readonly Change[]): void {
    if (this.role === 'primary') throw new Error('a primary applies no changes of another site');
    const fresh = changes.filter((change) => change.position > this.head);
    const first = fresh[0]?.position ?? this.head + 1;
    if (fresh.some((change, index) => change.position !== first + index) || first > this.head + 1) {
      throw new Error(`the changes do not follow position ${this.head} without a gap`);
    }
    for (const change of fresh) this.#write(change);
    if (fresh.length > 0) this.#wake();
  }

  /** Changes behind `after`, in order. */
  list(after: number, limit: number): Change[] {
    return this.#changes.slice(after, after + limit);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #write(change: Change): void {
    for (const write of this.#writers) write(change.fact);
    this.#changes.push({ ...change, fact: withoutContent(change.fact) });
    this.epoch = Math.max(this.epoch, change.epoch);
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
