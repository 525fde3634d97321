/**
 * PORT: the ledger — per wanted digest how far its transfer is. A working set, not the truth: it
 * may be lost whole and is filled again from `Replicas`.
 */
import type { Digest } from '../../oci/digest.ts';

/** Served in this order. */
export const LANES = ['demand', 'fresh', 'backfill'] as const;
export type Lane = (typeof LANES)[number];

export interface Want {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly repository: string;
  readonly lane: Lane;
  /** When the primary committed the fact that names it: how old "not replicated yet" is. */
  readonly since: Date;
}

/** Why a transfer failed, for machines; the sentence for people stands beside it. */
export const REASONS = [
  'primary-away',
  'not-at-primary',
  'wrong-bytes',
  'refused',
  'no-room',
  'store-away',
  'stopped',
] as const;
export type Reason = (typeof REASONS)[number];

export interface LedgerEntry extends Want {
  readonly state: 'wanted' | 'transferring' | 'failed';
  /** Bytes that the staging holds durably. */
  readonly offset: number;
  /** How often it was claimed. */
  readonly attempts: number;
  /** Why the last try failed: its code, and a sentence. */
  readonly reason?: Reason;
  readonly message?: string;
  /** When it may be claimed again, where it has to wait. */
  readonly nextTryAt?: Date;
}

export interface LedgerClaim {
  readonly holder: string;
  readonly now: Date;
  readonly leaseUntil: Date;
}

export interface LedgerFailure {
  readonly holder: string;
  readonly reason: Reason;
  readonly message: string;
  readonly retryAt: Date;
}

export interface LedgerStatus {
  /** Entries of each lane, whatever their state. */
  readonly objects: Readonly<Record<Lane, number>>;
  /** Sizes of all entries, summed. */
  readonly bytes: number;
  /** Of these, bytes that stagings hold already. */
  readonly bytesStaged: number;
  readonly transferring: number;
  readonly failed: number;
  /** The oldest `since` of all entries; absent where there is none. */
  readonly oldestSince?: Date;
  /** Bytes and objects settled since this ledger came to be: whoever reads twice knows the pace. */
  readonly settledBytes: number;
  readonly settledObjects: number;
}

export interface Ledger {
  /** Idempotent; an entry moves to a higher lane, never to a lower one. */
  want(wants: readonly Want[]): Promise<void>;
  /**
   * The first entry of the highest lane that is free, or whose lease or wait is over.
   * @param lanes from which it may be taken; all where absent
   */
  claim(claim: LedgerClaim, lanes?: readonly Lane[]): Promise<LedgerEntry | undefined>;
  /** Notes the durable offset and lengthens the lease. @returns whether it was still held. */
  advance(digest: Digest, progress: LedgerClaim & { readonly offset: number }): Promise<boolean>;
  /** The entry is done: it leaves the ledger, whoever holds it. Idempotent. */
  settle(digest: Digest): Promise<void>;
  /** Puts it back, to be tried again at that time. @returns whether it was still held. */
  fail(digest: Digest, failure: LedgerFailure): Promise<boolean>;
  find(digest: Digest): Promise<LedgerEntry | undefined>;
  /** Those that are there of the given ones, in no order. */
  findAll(digests: readonly Digest[]): Promise<LedgerEntry[]>;
  /** Entries that failed last, by digest, keyset pages. */
  listFailures(page: { readonly after?: Digest; readonly limit: number }): Promise<LedgerEntry[]>;
  /** From counters, never from a scan. */
  status(): Promise<LedgerStatus>;
  /** Whether this ledger was filled since it came to be; false again once it was lost. */
  isFilled(): Promise<boolean>;
  /**
   * Filling begins, or is done; between the two the ledger does not count as filled.
   * @returns whether it does now: not where it was lost since filling began
   */
  recordFilling(step: 'begun' | 'done'): Promise<boolean>;
}
